import type { WebSocketTurn } from '../../check-schema.ts';
import type { CheckOf } from '../../definition.ts';
import type { Ledger } from '../ledger.ts';
import { equal, holding } from './conditions.ts';

/** One message and the first answer to it: that is a conversation in Gatus. Undefined, after a loss, for others. */
export function conversationOf(
  ledger: Ledger<CheckOf<'websocket'>>,
): { body: string; conditions: string[] } | undefined {
  const turns = ledger.take('conversation') ?? [];
  const [first, second, ...others] = turns;
  if (!first || !('send' in first) || !second || !('expect' in second)) {
    ledger.lose(
      'conversation',
      turns.length === 0 ? 'connect and close' : turns,
      'Gatus sends one message and waits for one answer: the check is left out',
    );
    return undefined;
  }
  for (const [index, turn] of others.entries()) {
    ledger.lose(`conversation.${index + 2}`, turn, 'Gatus sends one message and reads one answer');
  }
  const body = typeof first.send === 'string' ? first.send : JSON.stringify(first.send.json);
  return { body, conditions: answerOf(ledger.inside('conversation.1', second)) };
}

function answerOf(ledger: Ledger<Extract<WebSocketTurn, { expect: unknown }>>): string[] {
  const { contains, json = {} } = ledger.take('expect');
  const lose = (field: string, said: unknown) => (why: string, became?: unknown) =>
    ledger.lose(field, said, why, became);
  const conditions = Object.entries(json).flatMap(
    ([pointer, value]) => equal(pointer, value, lose('expect.json', json)) ?? [],
  );
  ledger.rest('Gatus has nothing like it');
  return [
    ...(contains === undefined ? [] : holding('==', contains, lose('expect.contains', contains))),
    ...conditions,
  ];
}

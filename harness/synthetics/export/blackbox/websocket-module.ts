import type { WebSocketTurn } from '../../check-schema.ts';
import type { CheckOf } from '../../definition.ts';
import { asList, translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { rewriteAll } from '../rewrite-all.ts';
import { asSent, plain, secretsIn } from '../templates.ts';
import { noSecrets, type Part, timed } from './criteria.ts';
import { jsonExpression, quoted } from './expressions.ts';
import { headersOf } from './headers.ts';
import { type Probe, type Surroundings, tlsConfig } from './module.ts';

interface Step {
  send?: string;
  expect?: string;
}

/** A conversation as the exporter has it since 0.29: what is sent, and what the next message must match. */
export function websocketModule(
  ledger: Ledger<CheckOf<'websocket'>>,
  around: Surroundings,
): Probe | undefined {
  if (!around.websocket) {
    ledger.lose('type', 'websocket', 'blackbox_exporter has sockets from 0.29 on: the check is left out');
    return undefined;
  }
  const url = ledger.take('url');
  if (secretsIn(url).length > 0) {
    ledger.lose('url', url, 'the address of a target is no secret in Prometheus: the check is left out');
    return undefined;
  }
  const turns = ledger.take('conversation') ?? [];
  const steps = turns.flatMap((turn, index) => stepsOf(ledger.inside(`conversation.${index}`, turn), turn));
  const parts = translateCriteria<Part>(
    ledger,
    {
      ...timed,
      received_contains: (said) => {
        steps.push(...asList<string>(said).map((text) => ({ expect: quoted(text) })));
        return [];
      },
    },
    'blackbox_exporter has nothing like it',
    noSecrets,
  );
  const { headers, authorization } = headersOf(ledger, ledger.take('headers') ?? {}, around);
  for (const [name, value] of Object.entries(headers)) {
    ledger.lose(`headers.${name}`, value, 'only Authorization is known to go out with the handshake');
  }
  const client = { ...(authorization === undefined ? {} : { authorization }), ...tlsConfig(ledger) };
  const module = {
    ...(steps.length > 0 ? { query_response: steps } : {}),
    ...(Object.keys(client).length > 0 ? { http_config: client } : {}),
  };
  return { prober: 'websocket', module, target: plain(url).replace(/^http/, 'ws'), parts };
}

function stepsOf(ledger: Ledger<WebSocketTurn>, said: WebSocketTurn): Step[] {
  if (secretsIn(said).length > 0) {
    ledger.rest(noSecrets);
    return [];
  }
  const turn = rewriteAll(said, asSent) as WebSocketTurn;
  if ('send' in turn)
    return [{ send: typeof turn.send === 'string' ? turn.send : JSON.stringify(turn.send.json) }];
  if (!('expect' in turn)) {
    ledger.rest('the exporter closes as it sees fit');
    return [];
  }
  const { contains, json = {} } = turn.expect;
  const told = Object.entries(json).map(([pointer, value]) => {
    const key = pointer.split('/').at(-1) ?? '';
    return `${key === '' || /^\d+$/.test(key) ? '' : `${quoted(JSON.stringify(key))}\\s*:\\s*`}${jsonExpression(value)}`;
  });
  if (told.length > 0)
    ledger.lose('expect.json', json, 'an expression sees the text, not where it stands', told);
  if ('capture' in turn && turn.capture)
    ledger.lose('capture', turn.capture, 'the exporter keeps nothing by name');
  if ('within' in turn && turn.within)
    ledger.lose('within', turn.within, 'the exporter waits as long as for the whole');
  const [first, ...others] = [...(contains === undefined ? [] : [quoted(contains)]), ...told];
  if (others.length > 0) ledger.lose('expect', others, 'the exporter holds one expression against a message');
  return first === undefined ? [] : [{ expect: first }];
}

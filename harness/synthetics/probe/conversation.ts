import { isDeepStrictEqual } from 'node:util';
import { parseExactly, pointTo } from '../../checks/json.ts';
import { parseDuration, timerMs } from '../../config/duration.ts';
import type { WebSocketTurn } from '../check-schema.ts';
import { capture } from './captures.ts';
import { Failure, type Looking } from './looking.ts';
import type { Line } from './open-websocket.ts';
import { cut, listed, quote } from './words.ts';

type Expected = Extract<WebSocketTurn, { expect: unknown }>;

/** One turn: we say something, wait for something, or one of us hangs up. */
export async function talk(turn: WebSocketTurn, line: Line, looking: Looking): Promise<void> {
  if ('send' in turn) {
    const { send } = await looking.fill({ send: turn.send });
    line.send(typeof send === 'string' ? send : JSON.stringify(send.json));
  } else if ('expect' in turn) {
    await hear(turn, line, looking);
  } else if ('close' in turn) {
    looking.sight.stage = `the other side to close it, too, after our ${turn.close}`;
    line.close(turn.close);
    await line.inbox.end(timerMs(looking.timeoutMs));
  } else {
    looking.sight.stage = `it to be closed with ${turn.closed}`;
    await line.inbox.end(timerMs(looking.timeoutMs));
    const code = line.inbox.closed?.code;
    if (code !== turn.closed)
      throw new Failure(`was closed with ${code ?? 'nothing'}, expected ${turn.closed}`);
  }
}

async function hear(turn: Expected, line: Line, looking: Looking): Promise<void> {
  const expect = await looking.fill(turn.expect);
  const wanted = inWords(expect);
  const from = line.inbox.total;
  const came = () => {
    const last = line.inbox.total > from ? line.inbox.messages.at(-1) : undefined;
    return last === undefined ? 'nothing came' : `last came ${cut(last)}`;
  };
  looking.sight.stage = () => `${wanted}; ${came()}`;
  const taking = line.inbox.take((text) => fits(text, expect));
  const inVain = () => `waited for ${wanted} for ${turn.within} in vain; ${came()}`;
  const text = await within(turn.within, taking, inVain);
  capture(turn.capture ?? {}, { text }, looking.captured);
}

/** Without a limit of its own a turn has what is left of the whole time-out. */
async function within(
  limit: string | undefined,
  taking: Promise<string>,
  message: () => string,
): Promise<string> {
  if (limit === undefined) return taking;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failure(message(), { timed: true })), timerMs(parseDuration(limit)));
  });
  return Promise.race([taking, late]).finally(() => clearTimeout(timer));
}

function fits(text: string, { contains, json }: Expected['expect']): boolean {
  if (contains !== undefined && !text.includes(contains)) return false;
  if (json === undefined) return true;
  try {
    const document = parseExactly(text);
    return Object.entries(json).every(([at, value]) => isDeepStrictEqual(pointTo(document, at), value));
  } catch {
    return false;
  }
}

function inWords({ contains, json }: Expected['expect']): string {
  const parts = [
    ...(contains === undefined ? [] : [quote(contains)]),
    ...Object.entries(json ?? {}).map(([at, value]) => `${at || 'the whole'} = ${quote(value)}`),
  ];
  return parts.length === 0 ? 'a message' : `a message with ${listed(parts)}`;
}

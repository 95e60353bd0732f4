import type { WebSocketCheck } from '../check-schema.ts';
import { talk } from './conversation.ts';
import { Failure, type Looking } from './looking.ts';
import { openWebSocket } from './open-websocket.ts';
import { head } from './words.ts';

const keptMessages = 100;
const shownCharacters = 4_096;
/** Time for the other side to say goodbye; whatever it does, the conversation itself is over. */
const goodbyeMs = 1_000;

/** Opens a WebSocket, holds the conversation turn by turn, and closes it. */
export async function look(check: WebSocketCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const asked = await looking.fill({
    url: check.url,
    headers: check.headers,
    subprotocol: check.subprotocol,
  });
  const line = await openWebSocket(
    { ...asked, insecure: check.insecure, serverName: check.server_name },
    looking,
  );
  const tell = () => {
    const { messages, total } = line.inbox;
    sight.text = messages.join('\n');
    sight.saw = messages.at(-1) ?? '';
    Object.assign(sight.facts, {
      opened: true,
      subprotocol: line.subprotocol,
      messages: messages.slice(0, keptMessages).map((text) => head(text, shownCharacters)),
      messages_total: total,
      ...jsonOf(messages.at(-1)),
      close_code: line.inbox.closed?.code ?? 0,
      duration_ms: Math.round(looking.elapsed()),
    });
  };
  // When time is up nobody waits for the turn under way, but what came until then is told.
  const letGo = looking.ending.onEnd(tell);
  try {
    for (const [index, turn] of (check.conversation ?? []).entries()) {
      await talk(turn, line, looking).catch((thrown: unknown) => {
        if (!(thrown instanceof Failure)) throw thrown;
        throw new Failure(`in turn ${index + 1} ${thrown.message}`, { timed: thrown.timed });
      });
    }
    tell();
    line.close(1_000);
    await line.inbox.end(goodbyeMs);
    sight.facts['close_code'] = line.inbox.closed?.code ?? 1_006;
  } catch (thrown) {
    tell();
    throw thrown;
  } finally {
    letGo();
  }
}

function jsonOf(text: string | undefined): { json?: unknown } {
  try {
    return text === undefined ? {} : { json: JSON.parse(text) as unknown };
  } catch {
    return {};
  }
}

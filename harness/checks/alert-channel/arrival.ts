import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, Options } from '../define.ts';
import { pointTo } from '../json.ts';

/** What can be asked for the messages that it got. */
export const ArrivalSchema = Options({
  source: Type.Optional(Type.String({ description: 'name of an http source; default the only one' })),
  path: Type.String({ minLength: 1, description: 'a GET that lists what arrived, as JSON' }),
  query: Type.Optional(Type.Record(Type.String(), Type.String())),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  pointer: Type.Optional(
    Type.String({ description: 'to the list within that JSON; default the whole document' }),
  ),
});

export type Arrival = Static<typeof ArrivalSchema>;

const largestList = 8 * 1024 * 1024;

/** The first listed message with the marker anywhere in it, read from the kept copy; or nothing. */
export async function findArrival(arrival: Arrival, marker: string, context: CheckContext): Promise<unknown> {
  const message = (await listed(arrival, context)).find((each) => carries(each, marker));
  if (message === undefined) return undefined;
  const text = JSON.stringify(message, null, 2);
  const kept = await context.artifact('message.json', text, 'application/json');
  return JSON.parse(await kept.text());
}

/** A marker that is there before anything was sent would prove nothing. */
export async function refuseFormerArrival(
  arrival: Arrival,
  marker: string,
  context: CheckContext,
): Promise<void> {
  const before = await listed(arrival, context);
  if (!carries(before, marker)) return;
  throw new CountersignError('SOURCE_ANSWER', `a message with the marker \`${marker}\` is there already`);
}

/** The marker of the item `channel` begins that of `channel-two`, which is another one. */
function carries(message: unknown, marker: string): boolean {
  return new RegExp(`${RegExp.escape(marker)}(?![\\w-])`).test(JSON.stringify(message));
}

async function listed(arrival: Arrival, { sources, signal }: CheckContext): Promise<unknown[]> {
  const { path, query = {}, headers = {}, pointer = '' } = arrival;
  const source = await sources.http(arrival.source);
  const answer = await source.request({ path, query, headers, signal, maxBytes: largestList });
  if (answer.status !== 200) {
    throw new CountersignError('SOURCE_ANSWER', `source \`${source.name}\` answered ${answer.status}`);
  }
  const list = pointTo(answer.json(), pointer);
  if (Array.isArray(list)) return list;
  throw new CountersignError('SOURCE_ANSWER', `source \`${source.name}\` has no list at \`${pointer}\``);
}

import { CountersignError } from '../../errors.ts';
import { isObject, type JsonObject, parseExactly } from '../json.ts';

export interface Output {
  events: JsonObject[];
  summary: JsonObject;
  lines: number;
}

/** One JSON object a line: those with a text `event` are events, the others are merged into the summary. */
export function readOutput(text: string, maxEvents: number): Output {
  const output: Output = { events: [], summary: {}, lines: 0 };
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    output.lines += 1;
    const value = objectIn(line);
    if (!value) continue;
    if (typeof value['event'] === 'string') output.events.push(value);
    else output.summary = { ...output.summary, ...value };
    if (output.events.length > maxEvents) {
      throw new CountersignError('EVIDENCE_TOO_LARGE', `the script printed more than ${maxEvents} events`, {
        hint: 'print fewer, or raise `max_events`',
      });
    }
  }
  return output;
}

function objectIn(line: string): JsonObject | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    const value = parseExactly(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

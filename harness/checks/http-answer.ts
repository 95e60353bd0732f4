import { isUtf8 } from 'node:buffer';
import { CountersignError } from '../errors.ts';
import type { HttpAnswer } from '../sources/define.ts';
import { type Static, Type } from '../type.ts';
import { Anything, type CheckContext } from './define.ts';
import { redactFacts } from './guard.ts';
import { parseExactly } from './json.ts';

export const AnswerFacts = {
  status: Type.Integer({ description: 'HTTP status' }),
  duration_ms: Type.Integer({ description: 'until the last byte of the body' }),
  headers: Type.Record(Type.String(), Type.String(), { description: 'names in lower case' }),
  body_bytes: Type.Integer(),
  body_text: Type.String({ description: 'the first 4,096 characters; empty when the body is not text' }),
  json: Type.Optional(Anything({ description: 'the body, when its content type says JSON' })),
};

export type Answer = Static<ReturnType<typeof answerType>>;
const answerType = () => Type.Object(AnswerFacts);

const shownCharacters = 4096;

interface Labels {
  prefix: string;
  name: string;
  redact: (text: string) => string;
  context: CheckContext;
}

/** Facts of one answer, read from the stored copy of its body: what is judged is what is kept. */
export async function factsOf(
  answer: HttpAnswer,
  { prefix, name, redact, context }: Labels,
): Promise<Answer & { name: string }> {
  const type = answer.headers['content-type'] ?? '';
  const isJson = /^[^;]*[/+]json\b/i.test(type);
  const isText = isUtf8(answer.body);
  const suffix = isJson ? 'json' : isText ? 'txt' : 'bin';
  const content = isText ? redact(answer.text()) : answer.body;
  const kept = await context.artifact(`${prefix}body.${suffix}`, content, type || undefined);
  const text = isText ? await kept.text() : '';
  return {
    name: redact(name),
    status: answer.status,
    duration_ms: Math.round(answer.durationMs),
    headers: redactFacts(withoutCookies(answer.headers), redact),
    body_bytes: answer.body.byteLength,
    body_text: text.slice(0, shownCharacters),
    ...(isJson && (!isText || text.trim() !== '') ? { json: parsed(text, redact) } : {}),
  };
}

/** A cookie is as good as a password to whoever reads the report. */
function withoutCookies(headers: Record<string, string>): Record<string, string> {
  return 'set-cookie' in headers ? { ...headers, 'set-cookie': '[redacted]' } : headers;
}

function parsed(text: string, redact: Labels['redact']): unknown {
  try {
    return redactFacts(parseExactly(text), redact);
  } catch {
    throw new CountersignError('SOURCE_ANSWER', 'the content type says JSON, but the body is not JSON');
  }
}

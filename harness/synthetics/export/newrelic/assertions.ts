import { asList, type Range, type Translations, wholeRange } from '../criteria.ts';
import { expression } from './code.ts';

/** The criteria of an HTTP check as statements about `answer`. */
export const statements: Translations<string> = {
  status_code: (said) => statusStatement(asList<number>(said)),
  response_time_ms: (said, lose) => timeStatement(wholeRange(said), lose),
  body_contains: (said) =>
    asList<string>(said).map((text) =>
      check(`answer.body.includes(${expression(text)})`, `the body lacks ${text}`),
    ),
  body_not_contains: (said) =>
    asList<string>(said).map((text) =>
      check(`!answer.body.includes(${expression(text)})`, `the body has ${text}`),
    ),
  body_matches: (said) =>
    check(`new RegExp(${expression(said)}).test(answer.body)`, `the body does not match ${said}`),
  body_json_equals: (said) =>
    check(`same(JSON.parse(answer.body), ${expression(said)})`, 'the body is another'),
  body_json: (said) =>
    Object.entries(said).map(([pointer, value]) => {
      const found = `valueAt(JSON.parse(answer.body), ${JSON.stringify(pointer)})`;
      return check(`same(${found}, ${expression(value)})`, `the value at ${pointer || '/'} is another`);
    }),
  headers_contain: (said) =>
    Object.entries(said).map(([name, part]) => {
      const value = `String(answer.headers[${JSON.stringify(name.toLowerCase())}] || '').toLowerCase()`;
      return check(
        `${value}.includes((${expression(part)}).toLowerCase())`,
        `the header ${name} lacks ${part}`,
      );
    }),
};

export const anySuccess = check('answer.status >= 200 && answer.status < 300', 'the status is no success');

export const saysStatus = (statement: string) => statement.includes('.includes(answer.status)');

function statusStatement(codes: readonly number[]): string {
  return check(`[${codes.join(', ')}].includes(answer.status)`, `the status is none of ${codes.join(', ')}`);
}

function timeStatement(range: Range | undefined, lose: (why: string) => void): string[] {
  if (!range) {
    lose('it is never a fraction, so this never holds');
    return [];
  }
  const { from, to } = range;
  return [
    ...(from === undefined ? [] : [check(`answer.ms >= ${from}`, `it took less than ${from} ms`)]),
    ...(to === undefined ? [] : [check(`answer.ms <= ${to}`, `it took more than ${to} ms`)]),
  ];
}

/** Messages hold no secret: templates in them stay as they are. */
function check(condition: string, message: string): string {
  return `assert.ok(${condition}, ${JSON.stringify(message)});`;
}

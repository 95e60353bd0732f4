import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string | Uint8Array, maxBytes = 1_000_000) =>
  parseStrictJson(typeof text === 'string' ? Buffer.from(text) : text, { what: 'the report', maxBytes });

test('every JSON value means what JSON.parse says it means', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      if (text.includes('"__proto__":')) return;
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('a text that JSON.parse refuses is refused', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.nat(),
      fc.constantFrom('', ',', '"', '{', '}', '\\', '0', 'x', '\u0001'),
      (value, at, noise) => {
        const whole = JSON.stringify(value);
        const cut = at % (whole.length + 1);
        const text = whole.slice(0, cut) + noise + whole.slice(cut + 1);
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => parse(text)).toThrow(/^the report /);
          return;
        }
        try {
          expect(parse(text)).toEqual(expected);
        } catch (error) {
          expect(String(error)).toMatch(/twice|__proto__|too large/);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ['{"result":"FAILED","result":"PASSED"}', 'has the key "result" twice in one object'],
  ['[{"a":{"x":1,"\\u0078":2}}]', 'has the key "x" twice in one object'],
  ['{"__proto__":{"decision":"GO"}}', 'has a key `__proto__`'],
  ['{"a":1}{"a":2}', 'has text after its end'],
  ['{"a":1', 'has an object that does not end'],
  ['[1,2', 'has a list that does not end'],
  ['{"a"}', 'has a key without a value'],
  ['[1e999]', 'has a number that is too large'],
  ['[NaN]', 'is not JSON'],
  ['', 'is not JSON'],
  ['\ufeff{}', 'is not JSON'],
  ['[01]', 'has a list that does not end'],
])('T17: %s is refused: it %s', (text, message) => {
  expect(() => parse(text)).toThrow(`the report ${message}`);
});

test('bytes that are not UTF-8 are refused', () => {
  expect(() => parse(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('the report is not UTF-8');
});

test('T17: a text over the limit is refused before it is read', () => {
  expect(() => parse('"123456789"', 10)).toThrow('the report has 11 bytes; at most 10 are read');
});

test('nesting that could exhaust the stack is refused', () => {
  expect(() => parse('['.repeat(50_000))).toThrow('is nested deeper than 100 levels');
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Redactor } from './redact.ts';

it('finds a secret within what was encoded in base64 together with other text', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
      fc.string({ maxLength: 9 }),
      fc.string({ maxLength: 9 }),
      fc.constantFrom('base64' as const, 'base64url' as const),
      (secret, before, after, encoding) => {
        const redactor = new Redactor();
        redactor.add(secret);
        const left = redactor.text(Buffer.from(before + secret + after).toString(encoding));
        // At most the characters that the secret shares with its neighbours are left.
        expect(left.split('[redacted]').length).toBeGreaterThan(1);
        expect(Buffer.from(left.replace('[redacted]', ''), encoding).toString()).not.toContain(secret);
      },
    ),
  );
});

it.each([
  ['before a mark', (half: string) => `it begins ${half}…) after 3 ms`, 'start'],
  ['after a mark', (half: string) => `…${half} and more`, 'end'],
  ['at the end of a long text', (half: string) => `${'x'.repeat(200)}${half}`, 'start'],
  ['at the start of a long text', (half: string) => `${half}${'x'.repeat(200)}`, 'end'],
])('finds what is left of a secret %s, where it was cut', (_where, text, side) => {
  const redactor = new Redactor();
  redactor.add('Tr0ub4dor/and=3');
  for (const spelling of ['Tr0ub4dor/and=3', 'Tr0ub4dor%2Fand%3D3', 'VHIwdWI0ZG9yL2FuZD0z']) {
    for (let length = 5; length < spelling.length; length += 1) {
      const half = side === 'start' ? spelling.slice(0, length) : spelling.slice(-length);
      expect(redactor.text(text(half)), half).toBe(text('[redacted]'));
    }
  }
});

it('leaves a text alone that ends as it is meant to', () => {
  const redactor = new Redactor();
  redactor.add('correct horse battery');
  for (const text of ['this is correct', 'battery', `${'x'.repeat(200)} corr`, '… and so on …'])
    expect(redactor.text(text)).toBe(text);
});

it.each([
  ['a form', 'p%40ss+%21%27w%2Frd%3C%26%22%C3%A9'],
  ['the query of an address', 'p@ss%20!%27w/rd%3C&%22%C3%A9'],
  ['the path of an address', "p@ss%20!'w/rd%3C&%22%C3%A9"],
  ['a page', 'p@ss !&#x27;w/rd&lt;&amp;&quot;é'],
  ['another page', 'p@ss !&#39;w/rd&lt;&amp;&#34;é'],
  ['JSON without any character beyond ASCII', 'p@ss !\'w/rd<&\\"\\u00e9'],
])('finds a secret as it stands in %s', (_where, spelling) => {
  const redactor = new Redactor();
  redactor.add('p@ss !\'w/rd<&"é');
  expect(redactor.text(`<${spelling}>`)).toBe('<[redacted]>');
  expect(redactor.bytes(Buffer.from(spelling)).toString()).toBe('[redacted]');
});

it('takes no ordinary word for a secret that holds one after dots', () => {
  const redactor = new Redactor();
  redactor.add('abc/../name');
  expect(redactor.text('the name of abc/../name')).toBe('the name of [redacted]');
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactly, pointTo } from './json.ts';

describe('parseExactly', () => {
  it('gives what JSON.parse gives, wherever no integer is too large', () => {
    const value = fc.jsonValue().filter((each) => !/[0-9]{16}|e\+/.test(JSON.stringify(each)));
    fc.assert(
      fc.property(value, (each) => {
        const text = JSON.stringify(each);
        expect(parseExactly(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never rounds an integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), (amount) => {
        const { minor } = parseExactly(`{"minor":${amount}}`) as { minor: number | string };
        expect(BigInt(minor)).toBe(amount);
      }),
    );
  });

  it('refuses what is not JSON', () => {
    expect(() => parseExactly('{"a":NaN}')).toThrow(SyntaxError);
  });
});

describe('pointTo', () => {
  const document = { 'a/b': { '~': [10, { c: null }] }, '': 1 };

  it.each([
    ['', document],
    ['/a~1b/~0/0', 10],
    ['/a~1b/~0/1/c', null],
    ['/', 1],
    ['/a~1b/~0/2', undefined],
    ['/a~1b/~0/-', undefined],
    ['/a~1b/~0/01', undefined],
    ['/a~1b/toString', undefined],
    ['/none/deeper', undefined],
  ])('leads %j to its value', (pointer, value) => {
    expect(pointTo(document, pointer)).toEqual(value);
  });

  it('refuses what is not a pointer', () => {
    expect(() => pointTo(document, 'a')).toThrow('not a JSON pointer');
  });
});

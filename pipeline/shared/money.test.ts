import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalToMinor, minorFromJson, minorToDecimal } from './money.ts';

describe('minor units to decimal text', () => {
  it.each([
    [0n, '0.00'],
    [1n, '0.01'],
    [-1n, '-0.01'],
    [99n, '0.99'],
    [1500050n, '15000.50'],
    [-98000000n, '-980000.00'],
    [9007199254740993n, '90071992547409.93'],
  ])('%s is %s', (minor, text) => {
    expect(minorToDecimal(minor)).toBe(text);
    expect(decimalToMinor(text)).toBe(minor);
  });

  it('comes back exactly for every amount and scale', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.integer({ min: 0, max: 6 }),
        (m, s) => {
          expect(decimalToMinor(minorToDecimal(m, s), s)).toBe(m);
        },
      ),
    );
  });

  it('always has exactly as many decimal places as the scale', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 1, max: 6 }), (m, s) => {
        expect(minorToDecimal(m, s)).toMatch(new RegExp(`^-?[0-9]+\\.[0-9]{${s}}$`));
      }),
    );
  });

  it('adds up: the sum of the texts is the text of the sum', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n })), (amounts) => {
        const sum = amounts.map((m) => decimalToMinor(minorToDecimal(m))).reduce((a, b) => a + b, 0n);
        expect(sum).toBe(amounts.reduce((a, b) => a + b, 0n));
      }),
    );
  });
});

describe('decimal text to minor units', () => {
  it('takes fewer decimal places than the scale', () => {
    expect(decimalToMinor('5')).toBe(500n);
    expect(decimalToMinor('5.1')).toBe(510n);
  });

  it('takes further decimal places only when they are zero', () => {
    expect(decimalToMinor('5.1000')).toBe(510n);
    expect(() => decimalToMinor('5.101')).toThrow('more than 2 decimal places');
  });

  it.each(['', '-', '.5', '5.', '1e3', ' 5', '1,000.00', 'NaN', '0x10', '٥'])('refuses %j', (text) => {
    expect(() => decimalToMinor(text)).toThrow(RangeError);
  });
});

describe('minor units from JSON', () => {
  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '100', null, undefined, true])(
    'refuses %j',
    (value) => {
      expect(minorFromJson(value)).toBeUndefined();
    },
  );

  it('keeps every safe integer', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (n) => {
        expect(minorFromJson(n)).toBe(BigInt(n));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AmountRule, toMinor } from './money.ts';

const major: AmountRule = { unit: 'major', scale: 2, rounding: 'refuse', refusePoint: false };
const minor: AmountRule = { unit: 'minor', scale: 2, rounding: 'refuse', refusePoint: true };
const amountOf = (text: string, rule: AmountRule) => {
  const parsed = toMinor(text, rule);
  return 'why' in parsed ? parsed.why : parsed.minor;
};

describe('amounts become minor units exactly', () => {
  it('reads back every integer of minor units that was written as a major amount', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 80n }),
        fc.boolean(),
        fc.nat({ max: 4 }),
        (value, below, zeros) => {
          const digits = String(value).padStart(3, '0');
          const text = `${below ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}${'0'.repeat(zeros)}`;
          expect(toMinor(text, major)).toEqual({ minor: below ? -value : value, rounded: false });
        },
      ),
    );
  });

  it('takes numeric scales that mean the same for the same', () => {
    for (const text of ['1', '1.0', '1.00', '1.000000', '+1.00', '001'])
      expect(amountOf(text, major)).toBe(100n);
  });

  it('has one zero', () => {
    expect(amountOf('-0.00', major)).toBe(0n);
    expect(amountOf('-0', minor)).toBe(0n);
  });

  it('is exact beyond 2^53 and beyond 2^63', () => {
    expect(amountOf('9007199254740993', minor)).toBe(9_007_199_254_740_993n);
    expect(amountOf('92233720368547758.09', major)).toBe(2n ** 63n + 1n);
  });

  it('refuses what is no plain decimal number', () => {
    for (const text of [
      'NaN',
      'Infinity',
      '-Infinity',
      '1e3',
      '',
      ' ',
      '1,000.00',
      '$1.00',
      '.5',
      '5.',
      '0x10',
      '1'.repeat(101),
    ]) {
      expect(amountOf(text, major)).toContain('not a plain decimal number');
    }
  });

  it('refuses a decimal point in minor units of JSON, and a real fraction in those of SQL', () => {
    expect(amountOf('1500.0', minor)).toContain('decimal point');
    expect(amountOf('1500.5', minor)).toContain('decimal point');
    const ofSql = { ...minor, refusePoint: false };
    expect(amountOf('1500.00', ofSql)).toBe(1_500n);
    expect(amountOf('1500.5', { ...ofSql, rounding: 'half_up' })).toContain('finer');
  });

  it('refuses a major amount finer than its minor unit unless rounding is declared', () => {
    expect(amountOf('1.005', major)).toContain('finer');
    expect(amountOf('1.5', { ...major, scale: 0 })).toContain('finer');
    expect(toMinor('1.005', { ...major, rounding: 'half_even' })).toEqual({ minor: 100n, rounded: true });
    expect(toMinor('1.015', { ...major, rounding: 'half_even' })).toEqual({ minor: 102n, rounded: true });
    expect(toMinor('1.005', { ...major, rounding: 'half_up' })).toEqual({ minor: 101n, rounded: true });
    expect(toMinor('-1.005', { ...major, rounding: 'half_up' })).toEqual({ minor: -101n, rounded: true });
    expect(toMinor('1.00500001', { ...major, rounding: 'half_even' })).toEqual({
      minor: 101n,
      rounded: true,
    });
    expect(toMinor('1.00499999', { ...major, rounding: 'half_up' })).toEqual({ minor: 100n, rounded: true });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskAccountNumber, maskPayload, maskText, storableText } from './mask.ts';

describe('masking of account numbers', () => {
  it('shows the last four characters only', () => {
    expect(maskAccountNumber('0123456789')).toBe('******6789');
    expect(maskAccountNumber('0123-456 789')).toBe('******6789');
  });

  it('hides a short number whole', () => {
    expect(maskAccountNumber('1234')).toBe('****');
    expect(maskAccountNumber('')).toBe('');
  });

  it('leaves no run of ten digits in any text', () => {
    const text = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9]{8,24}$/), fc.constant('٠١٢٣٤٥٦٧٨٩')),
    );
    fc.assert(
      fc.property(text, (parts) => {
        expect(maskText(parts.join(''))).not.toMatch(/\p{Nd}{10}/u);
      }),
    );
  });

  it('leaves dates, amounts and short references alone', () => {
    expect(maskText('NIP 20261120 TRF 15,000.50 ref 123456789')).toBe(
      'NIP 20261120 TRF 15,000.50 ref 123456789',
    );
  });
});

describe('masking of payloads', () => {
  it('masks by key at any depth and by digits in free text', () => {
    const masked = maskPayload({
      id: '66141bbff58d2687e7d90001',
      narration: 'TRF TO 0123456789 ADA',
      meta: {
        counterparty: { account_number: '0123456789', accountNumber: 123456, bvn: '9422' },
        list: ['08012345678'],
      },
      amount: 1500050,
      balance: 98000000000,
    });
    expect(masked).toEqual({
      id: '66141bbff58d2687e7d90001',
      narration: 'TRF TO ******6789 ADA',
      meta: {
        counterparty: { account_number: '******6789', accountNumber: '**3456', bvn: '****' },
        list: ['*******5678'],
      },
      amount: 1500050,
      balance: 98000000000,
    });
  });

  it('keeps ids whole, unless an id is nothing but digits', () => {
    expect(maskPayload({ _id: '66141bbff58d2687e7d91234567890aa', account_id: '0123456789' })).toEqual({
      _id: '66141bbff58d2687e7d91234567890aa',
      account_id: '******6789',
    });
  });

  it('drops what PostgreSQL can not store', () => {
    expect(storableText('a\u0000b\ud800c')).toBe('ab\ufffdc');
    expect(maskPayload({ narration: 'a\u0000b' })).toEqual({ narration: 'ab' });
  });

  it('survives any depth of nesting', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}"0123456789"${']'.repeat(50_000)}`);
    expect(JSON.stringify(maskPayload(deep))).toContain('nested too deeply');
  });

  it('does not let a key reach a prototype', () => {
    const masked = maskPayload(JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(Object.getPrototypeOf(masked)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

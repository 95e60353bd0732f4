import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalToMinor } from '#pipeline/shared/money.ts';
import { transformTransaction } from './transform.ts';
import { type CanonicalTransaction, rejectionReasons } from './types.ts';

const account = { currency: 'NGN' };
const documented = {
  id: '66141bbff58d2687e7d90001',
  narration: 'NIP TRANSFER FROM ADA STORES',
  amount: 1500050,
  type: 'credit',
  balance: 98000000,
  date: '2026-11-20T09:30:00.000Z',
  category: 'transfer',
};

function accepted(change: Record<string, unknown> = {}, to = account): CanonicalTransaction {
  const outcome = transformTransaction({ ...documented, ...change }, to);
  if (!outcome.ok) throw new Error(`rejected: ${outcome.reason}`);
  return outcome.row;
}

function reasonFor(raw: unknown): string {
  const outcome = transformTransaction(raw, account);
  return outcome.ok ? 'accepted' : outcome.reason;
}

describe('transform of the documented row', () => {
  it('gives the canonical row', () => {
    expect(accepted()).toEqual({
      providerTransactionId: '66141bbff58d2687e7d90001',
      dedupeKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      transactionReference: null,
      transactionType: 'credit',
      status: 'completed',
      amount: '15000.50',
      currency: 'NGN',
      description: 'NIP TRANSFER FROM ADA STORES',
      narration: 'NIP TRANSFER FROM ADA STORES',
      transactionDate: '2026-11-20T09:30:00.000Z',
      valueDate: null,
      balanceAfter: '980000.00',
      counterpartyName: null,
      counterpartyAccount: null,
      counterpartyBank: null,
      isReversal: false,
      originalTransactionId: null,
      tags: ['transfer', 'credit'],
      metadata: {
        provider: 'mono',
        raw_transaction_id: '66141bbff58d2687e7d90001',
        raw_category: 'transfer',
        raw_currency: null,
        is_hold: false,
        raw_amount_kobo: 1500050,
        signed_amount: '15000.50',
      },
    });
  });

  it('takes the legacy `_id`', () => {
    expect(accepted({ id: undefined, _id: 'legacy' }).providerTransactionId).toBe('legacy');
  });

  it('signs a debit in the metadata while the amount stays positive', () => {
    const row = accepted({ type: 'debit' });
    expect([row.amount, row.metadata.signed_amount]).toEqual(['15000.50', '-15000.50']);
  });

  it('prefers the description and falls back to the narration', () => {
    expect(accepted({ description: 'Rent' }).description).toBe('Rent');
    expect(accepted({ narration: null, description: 'Rent' }).narration).toBeNull();
  });

  it('takes category, balance and narration as absent', () => {
    const row = accepted({ category: null, balance: null, narration: null });
    expect([row.balanceAfter, row.narration, row.tags]).toEqual([null, null, ['credit']]);
  });

  it('takes the currency of the row, then of the account, then naira', () => {
    expect(accepted({ currency: 'usd' }).currency).toBe('USD');
    expect(accepted({ currency: null }, { currency: 'ghs' }).currency).toBe('GHS');
    expect(accepted({}, { currency: '' }).currency).toBe('NGN');
  });

  it('gives an instant of another zone in UTC', () => {
    expect(accepted({ date: '2026-11-20T00:30:00+01:00' }).transactionDate).toBe('2026-11-19T23:30:00.000Z');
  });

  it('has lower-case tags, each once', () => {
    const outcome = transformTransaction(
      { ...documented, category: 'Credit' },
      { currency: 'NGN', tags: ['VIP', 'vip'] },
    );
    expect(outcome).toMatchObject({ ok: true, row: { tags: ['credit', 'vip'] } });
  });

  it('keeps a negative balance: accounts may be overdrawn', () => {
    expect(accepted({ balance: -5 }).balanceAfter).toBe('-0.05');
  });
});

describe('reversals and holds', () => {
  it.each([
    [{ status: 'reversed', meta: { original_transaction_id: 'tx1' } }, 'tx1'],
    [{ meta: { is_reversal: true, reversal_reference: 'tx2' } }, 'tx2'],
    [{ status: 'reversed' }, null],
  ])('recognises %j', (change, original) => {
    expect(accepted(change)).toMatchObject({ isReversal: true, originalTransactionId: original });
  });

  it.each([{ meta: { is_hold: true } }, { status: 'pending' }])('allows a zero amount for %j', (change) => {
    expect(accepted({ ...change, amount: 0 }).amount).toBe('0.00');
  });

  it('does not take the text "true" for a hold', () => {
    expect(reasonFor({ ...documented, amount: 0, meta: { is_hold: 'true' } })).toBe('zero_amount');
  });
});

describe('masking', () => {
  const meta = { counterparty: { name: 'ADA 0123456789', account_number: '0123456789', bank: 'GTBank' } };

  it('masks the account of the counterparty wherever it stands', () => {
    const row = accepted({ meta, narration: 'TRF 0123456789', description: 'TO 0123456789' });
    expect(row.counterpartyAccount).toBe('******6789');
    expect(JSON.stringify(row)).not.toContain('0123456789');
  });

  it('masks the raw row of a rejection', () => {
    const outcome = transformTransaction(
      { ...documented, meta, type: 'x', narration: 'TRF 0123456789' },
      account,
    );
    expect(outcome).toMatchObject({ ok: false, providerTransactionId: documented.id });
    expect(JSON.stringify(outcome)).not.toContain('0123456789');
  });
});

const broken: [unknown, string][] = [
  [null, 'not_an_object'],
  [[], 'not_an_object'],
  ['row', 'not_an_object'],
  [{ ...documented, id: undefined }, 'missing_id'],
  [{ ...documented, id: ' ' }, 'missing_id'],
  [{ ...documented, type: 'refund' }, 'invalid_type'],
  [{ ...documented, amount: 15.5 }, 'invalid_amount'],
  [{ ...documented, amount: '1500' }, 'invalid_amount'],
  [{ ...documented, amount: null }, 'invalid_amount'],
  [{ ...documented, amount: 2 ** 53 }, 'invalid_amount'],
  [{ ...documented, amount: -1 }, 'negative_amount'],
  [{ ...documented, amount: 0 }, 'zero_amount'],
  [{ ...documented, status: 'failed' }, 'invalid_status'],
  [{ ...documented, currency: 'naira' }, 'invalid_currency'],
  [{ ...documented, currency: 'XOF' }, 'unsupported_currency'],
  [{ ...documented, date: '2026-11-20' }, 'invalid_date'],
  [{ ...documented, date: '2026-02-30T00:00:00Z' }, 'invalid_date'],
  [{ ...documented, date: '2026-11-20T09:30:00' }, 'invalid_date'],
  [{ ...documented, date: 1_700_000_000 }, 'invalid_date'],
  [{ ...documented, balance: '5' }, 'invalid_balance'],
];

describe('rejections', () => {
  it.each(broken)('rejects %j as %s', (raw, reason) => {
    expect(reasonFor(raw)).toBe(reason);
  });

  it('has a case above for every reason of the closed list', () => {
    const tested = new Set(broken.map(([, reason]) => reason));
    expect([...tested].sort()).toEqual([...rejectionReasons].sort());
  });
});

describe('for every row', () => {
  const row = fc.record(
    {
      id: fc.oneof(fc.string(), fc.constant(null)),
      narration: fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null)),
      amount: fc.oneof(fc.maxSafeInteger(), fc.double(), fc.string()),
      type: fc.constantFrom('credit', 'debit', 'CREDIT', 'x'),
      balance: fc.oneof(fc.maxSafeInteger(), fc.constant(null)),
      date: fc.oneof(
        fc.date({ noInvalidDate: true }).map((d) => d.toISOString()),
        fc.string(),
      ),
      status: fc.constantFrom('pending', 'completed', 'reversed', undefined),
      meta: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.constant(undefined)),
    },
    { requiredKeys: [] },
  );

  it('never throws, and what it rejects has a reason of the closed list', () => {
    fc.assert(
      fc.property(fc.oneof(row, fc.anything()), (raw) => {
        const outcome = transformTransaction(raw, account);
        if (!outcome.ok) expect(rejectionReasons).toContain(outcome.reason);
      }),
    );
  });

  it('keeps the amount to the kobo', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.constantFrom('credit', 'debit'),
        (amount, type) => {
          const kept = accepted({ amount, type });
          expect(decimalToMinor(kept.amount)).toBe(BigInt(amount));
          expect(decimalToMinor(String(kept.metadata.signed_amount))).toBe(
            BigInt(type === 'debit' ? -amount : amount),
          );
        },
      ),
    );
  });

  it('gives text that PostgreSQL can store, without any run of ten digits outside ids', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9]{10,20}$/), (text, digits) => {
        const kept = accepted({
          narration: `${text}${digits}\u0000`,
          meta: { note: [digits], [digits]: text },
        });
        const shown = `${kept.narration} ${JSON.stringify(kept.metadata.mono_meta)}`;
        expect(shown).not.toMatch(/\p{Nd}{10}/u);
        expect(shown.isWellFormed() && !shown.includes('\u0000')).toBe(true);
      }),
    );
  });
});

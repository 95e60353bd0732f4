import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

const anchor = new Date('2026-11-20T09:30:00.000Z');
const now = new Date('2026-11-22T10:00:00.000Z');

function ledger(rows: number, seed = 'seed', accountId = 'acc_1'): Ledger {
  return new Ledger({ accountId, rows, stepSeconds: 3600, anchor, seed });
}

function all(of: Ledger, filter = {}) {
  const view = of.view(filter);
  return view.slice(0, view.total);
}

describe('ledger of the simulator', () => {
  it('gives the same rows for the same seed, and other rows for another', () => {
    expect(all(ledger(50))).toEqual(all(ledger(50)));
    expect(all(ledger(50, 'other'))).not.toEqual(all(ledger(50)));
    expect(all(ledger(50, 'seed', 'acc_2'))).not.toEqual(all(ledger(50)));
  });

  it('serves the far end of a hundred million rows without computing the others', () => {
    const view = ledger(100_000_000).view({});
    expect(view.total).toBe(100_000_000);
    expect(view.slice(99_999_999, 50)).toHaveLength(1);
  });

  it('is newest first, has unique 24-hex ids, positive amounts and a balance that adds up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 10 }),
        fc.string(),
        (rows, more, seed) => {
          const kept = ledger(rows, seed);
          for (let i = 0; i < more; i++) kept.append(now);
          const newestFirst = all(kept);
          expect(newestFirst).toHaveLength(rows + more);
          expect(new Set(newestFirst.map((row) => row.id)).size).toBe(rows + more);
          expect(newestFirst[0]?.balance).toBe(kept.balance);
          newestFirst.forEach((row, index) => {
            expect(row.id).toMatch(/^[0-9a-f]{24}$/);
            const older = newestFirst[index + 1];
            if (!older) return;
            const signed = Number(row.amount) * (row.type === 'credit' ? 1 : -1);
            expect(Number(row.amount)).toBeGreaterThan(0);
            expect(Number(older.balance) + signed).toBe(row.balance);
            expect(String(row.date) > String(older.date)).toBe(true);
          });
        },
      ),
    );
  });

  it('filters as if every row were looked at', () => {
    const instant = fc.integer({ min: anchor.getTime() - 80 * 3_600_000, max: now.getTime() });
    fc.assert(
      fc.property(
        fc.record({
          from: fc.option(instant, { nil: undefined }),
          until: fc.option(instant, { nil: undefined }),
          type: fc.constantFrom('credit', 'debit', undefined),
          narration: fc.constantFrom('transfer', 'POS', '', undefined),
        }),
        (filter) => {
          const kept = ledger(60);
          kept.append(now);
          const wanted = all(kept).filter((row) => {
            const at = Date.parse(String(row.date));
            const text = String(row.narration).toLowerCase();
            return (
              at >= (filter.from ?? 0) &&
              at <= (filter.until ?? Number.MAX_VALUE) &&
              (filter.type ?? row.type) === row.type &&
              text.includes((filter.narration ?? '').toLowerCase())
            );
          });
          expect(all(kept, filter)).toEqual(wanted);
          expect(kept.view(filter).slice(1, 3)).toEqual(wanted.slice(1, 4));
        },
      ),
    );
  });

  it('takes appended rows as they are given, and forgets them on reset', () => {
    const kept = ledger(2);
    kept.append(now, { amount: -5, narration: 'bad' });
    expect(all(kept)[0]).toMatchObject({ amount: -5, narration: 'bad', date: now.toISOString() });
    kept.reset();
    expect(kept.size).toBe(2);
  });
});

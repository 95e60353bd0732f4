import { type Provider, providers } from '#pipeline/payouts/payouts.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';
import type { BookLine } from '#pipeline/simulators/payouts/book.ts';

interface PayoutRow {
  transaction_id: string;
  provider: Provider;
  external_ref: string;
  provider_ref: string | null;
  status: string;
  amount_cents: string;
  fee_cents: string;
  phone_e164: string;
}

export interface Books {
  payouts: number;
  confirmed: number;
  failed: number;
  /** What the providers say they paid, in hundredths. */
  paidCents: bigint;
  /** Each a sentence; none: every unit is where it belongs. */
  differences: string[];
}

/** Three books on the same money: the table of payouts, the ledger, and what the providers say they really paid. */
export async function comparePayoutBooks(db: Queryable, lines: readonly BookLine[]): Promise<Books> {
  const { rows } = await db.query<PayoutRow>(
    `SELECT p.transaction_id, p.provider, p.external_ref, p.provider_ref, p.status, p.amount_cents, p.phone_e164,
       coalesce((SELECT sum(amount_cents) FROM app.ledger_entries e
         WHERE e.transaction_id = p.transaction_id AND e.account = 'FEES'), 0) AS fee_cents
     FROM app.mobile_money_payouts p`,
  );
  const paid = lines.filter(({ state }) => state === 'PAID');
  const confirmed = rows.filter(({ status }) => status === 'CONFIRMED');
  return {
    payouts: rows.length,
    confirmed: confirmed.length,
    failed: rows.filter(({ status }) => status === 'FAILED').length,
    paidCents: sum(paid.map(({ amount_cents }) => amount_cents)),
    differences: [
      ...comparePayments(rows, paid),
      ...(await compareLedger(db, confirmed, paid)),
      ...(await findUnbalanced(db)),
    ],
  };
}

function comparePayments(rows: readonly PayoutRow[], paid: readonly BookLine[]): string[] {
  const found: string[] = [];
  const byReference = new Map<string, BookLine[]>();
  for (const line of paid) {
    const reference = line.externalRef.replace(/-r\d+$/, '');
    byReference.set(reference, [...(byReference.get(reference) ?? []), line]);
  }
  for (const row of rows) {
    const payments = byReference.get(row.external_ref) ?? [];
    byReference.delete(row.external_ref);
    const [payment] = payments;
    const expected = row.status === 'CONFIRMED' ? 1 : 0;
    const name = `${row.provider} ${row.external_ref}`;
    if (row.status !== 'CONFIRMED' && row.status !== 'FAILED') found.push(`${name} is still ${row.status}`);
    else if (payments.length !== expected) {
      found.push(`${name} is ${row.status}, and was paid ${payments.length} times`);
    } else if (payment && !isSame(row, payment)) found.push(`${name} was paid otherwise than it was ordered`);
  }
  for (const reference of byReference.keys()) found.push(`${reference} was paid, and nobody ordered it`);
  return found;
}

function isSame(row: PayoutRow, payment: BookLine): boolean {
  return (
    row.provider === payment.provider &&
    row.amount_cents === payment.amount_cents &&
    row.phone_e164 === `+${payment.phone}` &&
    (row.provider_ref === null || row.provider_ref === payment.providerRef)
  );
}

/** What each account gained through cash-outs: providers what they paid, fees those of what was paid. */
async function compareLedger(
  db: Queryable,
  confirmed: readonly PayoutRow[],
  paid: readonly BookLine[],
): Promise<string[]> {
  const { rows } = await db.query<{ account: string; total: string }>(
    `SELECT account, sum(amount_cents) AS total FROM app.ledger_entries e
     JOIN app.transactions t ON t.id = e.transaction_id WHERE t.kind <> 'CASH_IN' GROUP BY account`,
  );
  const booked = new Map(rows.map(({ account, total }) => [account, BigInt(total)]));
  const expected = new Map<string, bigint>(
    providers.map((provider) => [
      provider,
      sum(paid.filter((line) => line.provider === provider).map(({ amount_cents }) => amount_cents)),
    ]),
  );
  const fees = sum(confirmed.map(({ fee_cents }) => fee_cents));
  expected.set('FEES', fees);
  expected.set('WALLET', -sum(paid.map(({ amount_cents }) => amount_cents)) - fees);
  return [...expected].flatMap(([account, cents]) =>
    (booked.get(account) ?? 0n) === cents
      ? []
      : [`the ledger has ${booked.get(account) ?? 0n} for ${account}, which is ${cents}`],
  );
}

async function findUnbalanced(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ what: string }>(
    `SELECT 'transaction ' || transaction_id || ' does not sum to zero' AS what
       FROM app.ledger_entries GROUP BY transaction_id HAVING sum(amount_cents) <> 0
     UNION ALL
     SELECT 'wallet ' || w.id || ' holds something else than its entries' FROM app.wallets w
       LEFT JOIN app.ledger_entries e ON e.wallet_id = w.id
       GROUP BY w.id HAVING w.balance_cents <> coalesce(sum(e.amount_cents), 0)`,
  );
  return rows.map(({ what }) => what);
}

const sum = (values: readonly string[]) => values.reduce((total, value) => total + BigInt(value), 0n);

import type { Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { coins } from './coins.ts';

export interface RevenueSummary {
  period: { start_date: string; end_date: string };
  total_revenue: number;
  total_refunds: number;
  net_revenue: number;
  transaction_count: number;
  unique_paying_users: number;
  arppu: number;
  average_transaction_value: number;
}

/** Both days are within the period, in UTC. */
export interface Period {
  startDate: string;
  endDate: string;
}

const dayMs = 86_400_000;
const defaultDays = 30;

export function periodOf(start: string | undefined, end: string | undefined, now = new Date()): Period {
  const endDate = end ?? now.toISOString().slice(0, 10);
  const startDate = start ?? dayOf(Date.parse(endDate) - (defaultDays - 1) * dayMs);
  for (const day of [startDate, endDate]) {
    if (dayOf(Date.parse(day)) !== day)
      throw new ServiceError('BAD_REQUEST', 'a date is not a day of the calendar');
  }
  if (startDate > endDate) throw new ServiceError('BAD_REQUEST', 'the period ends before it begins');
  return { startDate, endDate };
}

/** Empty for what is no time at all. */
function dayOf(time: number): string {
  return Number.isNaN(time) ? '' : new Date(time).toISOString().slice(0, 10);
}

export async function summariseRevenue(db: Queryable, period: Period): Promise<RevenueSummary> {
  const { rows } = await db.query<Totals>(
    `WITH span AS (
       SELECT $1::date::timestamp AT TIME ZONE 'UTC' AS from_at,
         ($2::date + 1)::timestamp AT TIME ZONE 'UTC' AS until_at
     )
     SELECT
       (SELECT coalesce(sum(r.amount), 0) FROM shop_refunds r
        WHERE r.created_at >= from_at AND r.created_at < until_at)::text AS refunds,
       coalesce(sum(p.total), 0)::text AS revenue, count(p.id)::text AS purchases,
       count(DISTINCT p.wallet_id)::text AS payers
     FROM span LEFT JOIN shop_purchases p
       ON p.state = 'captured' AND p.settled_at >= from_at AND p.settled_at < until_at
     GROUP BY from_at, until_at`,
    [period.startDate, period.endDate],
  );
  return describeRevenue(period, rows[0] ?? { revenue: '0', refunds: '0', purchases: '0', payers: '0' });
}

export interface Totals {
  revenue: string;
  refunds: string;
  purchases: string;
  payers: string;
}

/** Averages in whole coins, rounded down; zero where nobody paid. */
export function describeRevenue({ startDate, endDate }: Period, totals: Totals): RevenueSummary {
  const net = BigInt(totals.revenue) - BigInt(totals.refunds);
  const share = (of: bigint, among: string) =>
    coins((among === '0' ? 0n : floorDivide(of, BigInt(among))).toString());
  return {
    period: { start_date: startDate, end_date: endDate },
    total_revenue: coins(totals.revenue),
    total_refunds: coins(totals.refunds),
    net_revenue: coins(net.toString()),
    transaction_count: coins(totals.purchases),
    unique_paying_users: coins(totals.payers),
    arppu: share(net, totals.payers),
    average_transaction_value: share(BigInt(totals.revenue), totals.purchases),
  };
}

/** BigInt divides towards zero; a net loss has to be rounded down, too. */
function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

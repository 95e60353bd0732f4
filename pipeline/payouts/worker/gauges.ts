import { Gauge, type Registry } from '@prometheus-io/client';
import { providers } from '#pipeline/payouts/payouts.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';

interface Open {
  provider: string;
  status: string;
  open: number;
  oldest: number;
  due: number;
}

const statuses = ['PENDING', 'SENT'];
const nothing = { open: 0, oldest: 0, due: 0 };

/**
 * What is open, from the database, so that the service tells of a worker that is silent, too. Where the database cannot
 * be asked the series are left out.
 */
export function exposeOpenPayouts(registry: Registry, db: Queryable): void {
  let reading: Promise<Open[] | undefined> | undefined;
  const read = () => {
    // Gauges are collected at once: one query answers for all of them.
    reading ??= readOpen(db)
      .catch(() => undefined)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const gauge = (name: string, help: string, value: 'open' | 'oldest' | 'due') =>
    new Gauge({
      name,
      help,
      labelNames: ['provider', 'status'] as const,
      registers: [registry],
      async collect() {
        const found = await read();
        this.reset();
        if (!found) return;
        for (const provider of providers) {
          for (const status of statuses) {
            const row = found.find((each) => each.provider === provider && each.status === status);
            this.set({ provider, status }, (row ?? nothing)[value]);
          }
        }
      },
    });
  gauge('payout_open', 'Payouts that are not decided.', 'open');
  gauge('payout_oldest_open_seconds', 'Age of the oldest payout that is not decided.', 'oldest');
  gauge('payout_due_lag_seconds', 'For how long the longest due payout has waited for a worker.', 'due');
}

async function readOpen(db: Queryable): Promise<Open[]> {
  const { rows } = await db.query<Open>(
    `SELECT provider, status, count(*)::integer AS open,
       extract(epoch FROM now() - min(created_at))::float8 AS oldest,
       greatest(0, extract(epoch FROM now() - min(coalesce(next_retry_at, created_at))))::float8 AS due
     FROM app.mobile_money_payouts WHERE status IN ('PENDING', 'SENT') GROUP BY provider, status`,
  );
  return rows;
}

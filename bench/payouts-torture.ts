import { parseArgs } from 'node:util';
import { torturePayouts } from '#pipeline/testing/payout-torture.ts';
import { startTestDatabase } from '#pipeline/testing/postgres.ts';

const help = `Usage: node bench/payouts-torture.ts [options]

Payouts through four simulated providers that do everything wrong, by workers that are killed, over a PostgreSQL that is
restarted. Then the service's ledger, its table of payouts and the providers' own books are compared. Exits with 1 where
one unit is not where it belongs.

  --seed N        the first of the seeds; default 1
  --seeds N       so many of them, one after the other; default 1
  --payouts N     default 10000
  --workers N     default 3
  --kills N       workers that are killed and replaced; default 12
  --restarts N    of the database; default 2
`;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    seed: text,
    seeds: text,
    payouts: text,
    workers: text,
    kills: text,
    restarts: text,
  },
});

function count(name: 'seeds' | 'payouts' | 'workers' | 'kills' | 'restarts', fallback: number): number {
  const given = values[name] ?? String(fallback);
  if (!/^\d{1,6}$/.test(given)) throw new RangeError(`--${name} is no number`);
  return Number(given);
}

async function run(seed: string): Promise<boolean> {
  const postgres = await startTestDatabase({});
  try {
    const { differences, paidCents, seconds, ...found } = await torturePayouts({
      seed,
      databaseUrl: await postgres.fresh(),
      payouts: count('payouts', 10_000),
      workers: count('workers', 3),
      kills: count('kills', 12),
      restarts: count('restarts', 2),
      restartDatabase: postgres.restart,
      severity: 1,
      timeoutMs: 3000,
      recoverAt: 1,
      deadlineMs: 1_200_000,
    });
    const figures = Object.entries(found).map(([name, value]) => `${name} ${value}`);
    process.stdout.write(
      `seed ${seed}: ${figures.join(', ')}, paid ${paidCents} cents, ${seconds.toFixed(0)} s\n`,
    );
    for (const difference of differences) process.stdout.write(`  ${difference}\n`);
    process.stdout.write(differences.length === 0 ? '  the books balance\n' : '  THE BOOKS DO NOT BALANCE\n');
    return differences.length === 0;
  } finally {
    await postgres.stop();
  }
}

async function main(): Promise<boolean> {
  const first = Number(values.seed ?? 1);
  const seeds = count('seeds', 1);
  let balanced = true;
  for (let n = 0; n < seeds; n += 1) balanced = (await run(String(first + n))) && balanced;
  return balanced;
}

if (values.help) process.stdout.write(help);
else process.exitCode = (await main()) ? 0 : 1;

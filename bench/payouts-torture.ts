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
const options = {
  help: { type: 'boolean', short: 'h' },
  seed: text,
  seeds: text,
  payouts: text,
  workers: text,
  kills: text,
  restarts: text,
} as const;

/** Nothing that was paid by nobody is in balance: what is counted begins at one. */
const settings = {
  seed: { fallback: 1, least: 0 },
  seeds: { fallback: 1, least: 1 },
  payouts: { fallback: 10_000, least: 1 },
  workers: { fallback: 3, least: 1 },
  kills: { fallback: 12, least: 0 },
  restarts: { fallback: 2, least: 0 },
};
type Settings = Record<keyof typeof settings, number>;

function read(given: Partial<Record<keyof typeof settings, string>>): Settings {
  const read = Object.entries(settings).map(([name, { fallback, least }]) => {
    const text = given[name as keyof typeof settings] ?? String(fallback);
    if (!/^\d{1,6}$/.test(text) || Number(text) < least) {
      throw new RangeError(`--${name} is a number from ${least} on, and not ${JSON.stringify(text)}`);
    }
    return [name, Number(text)];
  });
  return Object.fromEntries(read) as Settings;
}

async function run({ seed, seeds: _, ...counts }: Settings): Promise<boolean> {
  const postgres = await startTestDatabase({});
  try {
    const { differences, paidCents, seconds, ...found } = await torturePayouts({
      ...counts,
      seed: String(seed),
      databaseUrl: await postgres.fresh(),
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

async function main(given: Settings): Promise<boolean> {
  let balanced = true;
  for (let n = 0; n < given.seeds; n += 1) {
    balanced = (await run({ ...given, seed: given.seed + n })) && balanced;
  }
  return balanced;
}

function understood(): Settings | 'helped' {
  const { values } = parseArgs({ options });
  if (!values.help) return read(values);
  process.stdout.write(help);
  return 'helped';
}

async function exitCode(): Promise<number> {
  let given: ReturnType<typeof understood>;
  try {
    given = understood();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  return given === 'helped' || (await main(given)) ? 0 : 1;
}

// The embedded PostgreSQL ends a process that runs out of work with 0, whatever `exitCode` says.
process.exit(await exitCode());

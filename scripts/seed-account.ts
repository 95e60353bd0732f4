import { parseArgs } from 'node:util';
import { readSmokeEnv, seedAccount, seedOf } from '#pipeline/mono/seed.ts';
import { openDatabase } from '#pipeline/runtime/db.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/seed-account.ts

Puts the demo connection and account into DATABASE_URL, as if the account had been linked.
Run again it changes nothing. Reads MONO_API_ACCOUNT_ID, MONO_PROVIDER_ACCOUNT_ID, MONO_ACCOUNT_NUMBER
(stored masked), and, each with a fixed default, MONO_ACCOUNT_DB_ID, MONO_CONNECTION_DB_ID, MONO_SI_ID.
`;

async function main(): Promise<number> {
  const { values: flags } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const { values, problems } = readSmokeEnv(process.env);
  const url = process.env.DATABASE_URL;
  if (!url) problems.push('DATABASE_URL is required');
  if (!url || problems.length > 0) {
    process.stderr.write(`seed-account: ${problems.join('; ')}\n`);
    return 2;
  }
  const db = openDatabase({
    url,
    max: 2,
    acquireTimeoutMs: 5000,
    applicationName: 'seed-account',
    onIdleError: () => {},
  });
  try {
    await seedAccount(db, seedOf(values));
  } finally {
    await db.close();
  }
  const { MONO_ACCOUNT_DB_ID: account_id, MONO_CONNECTION_DB_ID: connection_id, MONO_SI_ID: si_id } = values;
  process.stdout.write(`${JSON.stringify({ account_id, connection_id, si_id })}\n`);
  return 0;
}

await runMain('seed-account', main);

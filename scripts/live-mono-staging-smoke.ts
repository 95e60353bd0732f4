import { parseArgs } from 'node:util';
import { readSmokeEnv, type SmokeEnv, seedAccount, seedOf } from '#pipeline/mono/seed.ts';
import { type SmokeOutcome, smokeInProcess, smokeOverService } from '#pipeline/mono/smoke.ts';
import { openDatabase } from '#pipeline/runtime/db.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/live-mono-staging-smoke.ts

Syncs one Mono account from its beginning, prints the events of that run as JSON lines
{"ts","event","payload"} and then one line with the canonical summary. Exit code 0 only if the run worked.

  SERVICE_URL               the running service to ask; without it the pipeline runs in this process,
                            and no metrics can be scraped
  JWT_SECRET_KEY            signs the token for the service; or SERVICE_TOKEN, a ready one
  DATABASE_URL              where the account is registered, if it is not yet; required without SERVICE_URL
  MONO_API_ACCOUNT_ID       Mono's id of the account
  MONO_PROVIDER_ACCOUNT_ID  the provider account id to register it under
  MONO_ACCOUNT_NUMBER       stored masked
  MONO_SECRET_KEY, MONO_APP_ID   credentials; required without SERVICE_URL
Optional
  MONO_ACCOUNT_DB_ID, MONO_CONNECTION_DB_ID   uuids, if several accounts share a provider id
  MONO_SI_ID                the integrator that owns the account (default local-si)
  MONO_BASE_URL             default https://api.withmono.com
  MONO_PAGE_LIMIT           rows a page, default 50
`;

const write = (value: object) => void process.stdout.write(`${JSON.stringify(value)}\n`);
const complain = (text: string) => void process.stderr.write(`live-mono-staging-smoke: ${text}\n`);

async function main(): Promise<number> {
  const { values: flags } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  const { env } = process;
  const { values, problems } = readSmokeEnv(env);
  const pageLimit = Number(env.MONO_PAGE_LIMIT || 50);
  if (!Number.isInteger(pageLimit) || pageLimit < 1 || pageLimit > 1000) {
    problems.push('MONO_PAGE_LIMIT must be 1 to 1000');
  }
  if (!env.SERVICE_URL && !env.DATABASE_URL) problems.push('SERVICE_URL or DATABASE_URL is required');
  if (problems.length > 0) {
    complain(problems.join('; '));
    return 1;
  }
  if (env.DATABASE_URL) await register(env.DATABASE_URL, values);
  const request = { accountId: values.MONO_ACCOUNT_DB_ID, siId: values.MONO_SI_ID, pageLimit };
  const outcome = env.SERVICE_URL
    ? await smokeOverService({ ...request, url: env.SERVICE_URL, env })
    : await smokeInProcess({ ...request, env, note: complain });
  return report(outcome);
}

async function register(url: string, values: SmokeEnv): Promise<void> {
  const db = openDatabase({
    url,
    max: 1,
    acquireTimeoutMs: 10_000,
    applicationName: 'live-mono-staging-smoke',
    onIdleError: () => {},
  });
  try {
    await seedAccount(db, seedOf(values));
  } finally {
    await db.close();
  }
}

function report(outcome: SmokeOutcome): number {
  for (const event of outcome.events) write(event);
  if (outcome.problem !== null) {
    complain(outcome.problem);
    return 1;
  }
  write(outcome.summary);
  return 0;
}

await runMain('live-mono-staging-smoke', main);

import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createServiceClient } from '#pipeline/shared/service-client.ts';
import { instancesOf } from './instances.ts';

const help = `Usage: node scripts/sync-periodically.ts

Asks running services in turn to sync an account, for as long as it runs: the traffic that a schedule makes, so that
there is something to watch. A service whose flag is off defers. GET / on PORT tells what came of it so far.

  SERVICE_URLS         separated by commas
  JWT_SECRET_KEY       signs the token for them; or SERVICE_TOKEN, a ready one
  PORT                 on the loopback
Optional
  MONO_ACCOUNT_DB_ID   default: the demo account
  MONO_SI_ID           the integrator that owns it (default local-si)
  SYNC_INTERVAL_MS     from one answer to the next request, default 1000
`;

const path = '/api/v1/si/banking/open-banking/transactions/sync';
const counts = { synced: 0, deferred: 0, refused: 0, unanswered: 0 };

function main(): void {
  const { values: flags } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (flags.help) return void process.stdout.write(help);
  const { SERVICE_URLS, PORT = '', SYNC_INTERVAL_MS = '1000' } = process.env;
  const urls = instancesOf(SERVICE_URLS);
  const [port, intervalMs] = [Number(PORT), Number(SYNC_INTERVAL_MS)];
  if (urls.length === 0 || !(port > 0) || !(intervalMs >= 50)) {
    process.stderr.write(
      'sync-periodically: SERVICE_URLS, PORT and an interval of at least 50 are required\n',
    );
    process.exitCode = 2;
    return;
  }
  const answer = () => JSON.stringify(counts);
  createServer((_request, response) => void response.end(answer())).listen(port, '127.0.0.1');
  void askInTurn(urls, intervalMs);
}

/** One at a time: two runs of one account at once would be refused. */
async function askInTurn(urls: readonly string[], intervalMs: number): Promise<never> {
  for (let turn = 0; ; turn = (turn + 1) % urls.length) {
    counts[await askForSync(urls[turn] ?? '')] += 1;
    await pause(intervalMs);
  }
}

async function askForSync(url: string): Promise<keyof typeof counts> {
  const { env } = process;
  const client = createServiceClient({
    url,
    token: env.SERVICE_TOKEN,
    jwtSecret: env.JWT_SECRET_KEY,
    role: 'SYSTEM_INTEGRATOR',
    sub: env.MONO_SI_ID ?? 'local-si',
  });
  const account_db_id = env.MONO_ACCOUNT_DB_ID ?? '6f1d2c3b-4a59-4e68-8b77-0c1d2e3f4a5b';
  try {
    const { status, body } = await client('POST', path, { sync_config: { account_db_id } });
    if (status !== 200) return 'refused';
    return (body.data as { sync_started?: boolean }).sync_started ? 'synced' : 'deferred';
  } catch {
    return 'unanswered';
  }
}

main();

import { createMonoClient, MonoError } from '#pipeline/mono/client.ts';
import { createTokenProvider, envSecret } from '#pipeline/mono/token-provider.ts';

const usage = `Usage: node synthetics/mono-fetch.ts

Fetches the newest page of one sandbox account from Mono, once, and prints what it found as a line of JSON:
{"fetched","total"}. Exit code 0 when Mono gave transactions, else 1 with the reason on stderr.

  MONO_API_ACCOUNT_ID  Mono's id of the account
  MONO_SECRET_KEY      sandbox key
  MONO_BASE_URL        default https://api.withmono.com
`;

const limit = 20;

/** No retries: that a fetch works only at the second attempt is what a monitor wants to know. */
async function fetchOnce(env: NodeJS.ProcessEnv): Promise<{ fetched: number; total: number }> {
  const accountId = env.MONO_API_ACCOUNT_ID;
  if (!accountId) throw new Error('MONO_API_ACCOUNT_ID is not set');
  const client = createMonoClient({
    baseUrl: env.MONO_BASE_URL || 'https://api.withmono.com',
    token: createTokenProvider({ load: envSecret('MONO_SECRET_KEY', env) }),
    appId: '',
    rateLimiter: { take: async () => 0 },
    maxPages: 1_000_000,
    maxBodyBytes: 1_048_576,
    timeoutMs: 30_000,
    retries: 0,
    backoffFactor: () => 1,
  });
  for await (const { transactions, total } of client.pages({ accountId, limit })) {
    if (transactions.length === 0) throw new Error('Mono gave no transaction of the account');
    return { fetched: transactions.length, total };
  }
  throw new Error('Mono gave no page');
}

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    process.stdout.write(`${JSON.stringify(await fetchOnce(process.env))}\n`);
    return 0;
  } catch (error) {
    const kind = error instanceof MonoError ? `${error.constructor.name} ${error.code}: ` : '';
    process.stderr.write(`mono-fetch: ${kind}${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();

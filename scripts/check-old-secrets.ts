import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askService, type ServiceAnswer } from '#pipeline/shared/service-client.ts';
import { instancesOf } from './instances.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/check-old-secrets.ts [--wait SECONDS]

Tells whether each instance of payouts has let go of what a rotation took away: a token of the old key has to be
refused, and where there is an ADMIN_TOKEN, no webhook secret of before may be set. One instance that was forgotten
takes what it should not, each time that a balancer picks it.
Prints one line of JSON: the instances that were asked, what each still holds (\`holding\`), the seconds that the token
still lives, and the \`problem\`. A token that ended is refused under any key, so its refusal says nothing.
Exit code 0 if no instance holds anything, 1 if one does, 2 if nothing could be asked.

  --wait SECONDS    asks again until none holds anything, for so long at most (default 0)

  SERVICE_URLS      the instances, separated by commas
  OLD_TOKEN         a JWT of payouts, signed with the old key
  ADMIN_TOKEN       one of an administrator, signed with the new key
  STAGING_KEY       the X-Staging-Key of the host, where it wants one
`;

const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'];
const againMs = 2000;

interface Asked {
  instances: string[];
  oldToken: string;
  adminToken: string | undefined;
}

/** Whole seconds until a JWT ends; undefined if it does not say. */
export function secondsLeft(token: string, now: Date): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return Number.isInteger(exp) ? exp - Math.ceil(now.getTime() / 1000) : undefined;
  } catch {
    return undefined;
  }
}

/** What one instance still holds, in words. */
async function heldBy(url: string, { oldToken, adminToken }: Asked): Promise<string[]> {
  try {
    const token = heldToken(await get(url, '/v1/wallets', oldToken));
    const secrets = adminToken ? heldSecrets(await get(url, '/api/v1/admin/settings', adminToken)) : [];
    return [...token, ...secrets].map((held) => `${url}: ${held}`);
  } catch (thrown) {
    return [`${url}: ${thrown instanceof Error ? thrown.message : thrown}`];
  }
}

function get(url: string, path: string, token: string): Promise<ServiceAnswer> {
  const { STAGING_KEY: stagingKey } = process.env;
  const headers = {
    authorization: `Bearer ${token}`,
    ...(stagingKey && { 'x-staging-key': stagingKey }),
  };
  return askService(url, { method: 'GET', path, headers });
}

/** Refused by the service itself, in its own words: what stands in front of it may refuse everybody. */
function heldToken({ status, body }: ServiceAnswer): string[] {
  if (status === 401 && body['detail'] === 'UNAUTHENTICATED') return [];
  return [status === 200 ? 'a token of the old key is good' : `a token of the old key had status ${status}`];
}

/** An instance that does not list the new secrets as set is none of payouts after a rotation, whatever it lacks. */
function heldSecrets({ status, body }: ServiceAnswer): string[] {
  const { settings } = (body['data'] ?? {}) as { settings?: { name: string; set: boolean }[] };
  if (status !== 200 || !Array.isArray(settings)) return [`its settings had status ${status}`];
  const set = new Set(settings.filter((each) => each.set).map(({ name }) => name));
  const lacking = providers.map((each) => `${each}_WEBHOOK_SECRET`).filter((name) => !set.has(name));
  const left = providers.map((each) => `${each}_WEBHOOK_SECRET_PREVIOUS`).filter((name) => set.has(name));
  return [...lacking.map((name) => `${name} is not set`), ...left.map((name) => `${name} is set`)];
}

async function askUntil(asked: Asked, endsAt: number): Promise<string[]> {
  for (;;) {
    const held = (await Promise.all(asked.instances.map((url) => heldBy(url, asked)))).flat();
    if (held.length === 0 || performance.now() + againMs > endsAt) return held;
    await pause(againMs);
  }
}

function problemOf(holding: readonly string[], left: number | undefined): string {
  if (left === undefined) return 'the token does not say when it ends';
  if (left <= 0) return `the token ended by itself ${-left} s ago`;
  return holding.join('; ');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, wait: { type: 'string', default: '0' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { SERVICE_URLS, OLD_TOKEN: oldToken, ADMIN_TOKEN: adminToken } = process.env;
  const instances = instancesOf(SERVICE_URLS);
  if (instances.length === 0 || !oldToken) throw new Error('SERVICE_URLS and OLD_TOKEN required');
  if (!/^\d{1,5}$/.test(values.wait)) throw new Error('--wait takes whole seconds');
  const endsAt = performance.now() + Number(values.wait) * 1000;
  const holding = await askUntil({ instances, oldToken, adminToken }, endsAt);
  const left = secondsLeft(oldToken, new Date());
  const problem = problemOf(holding, left);
  process.stdout.write(`${JSON.stringify({ instances, holding, seconds_left: left ?? null, problem })}\n`);
  return problem === '' ? 0 : 1;
}

if (import.meta.main) await runMain('check-old-secrets', main, 2);

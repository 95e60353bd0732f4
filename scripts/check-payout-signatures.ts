import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { askService } from '#pipeline/shared/service-client.ts';
import { signBytes } from '#pipeline/shared/signature.ts';
import { instancesOf } from './instances.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/check-payout-signatures.ts [--without-previous]

Tells under which secrets a running service takes webhooks of the payout providers: to each it sends one signed with
the new secret, one signed with the one before it, and one without a signature, about a payout that nobody has, so that
nothing changes. Each instance is asked.
Prints one line of JSON: which providers' webhooks were taken and which were refused, under the new secret (\`new\`),
under the old one (\`old\`) and without any (\`unsigned\`); or the \`problem\` of a provider that did neither or of
instances that differ, and exit code 1. Exit code 0 if every question had one of the two answers; which of them is
right is for the gate to say.

  --without-previous    outside of a rotation: there is no old secret, and nothing is told of it

  SERVICE_URL                                         the running service; its instances, separated by commas
  TMONEY_WEBHOOK_SECRET, FLOOZ_…, MOMO_…, THUNES_…    the new secrets
  TMONEY_WEBHOOK_SECRET_PREVIOUS, …                   the ones before them
`;

const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'] as const;

type SecretOf = (provider: string) => string | undefined;

interface Answers {
  accepted: string[];
  refused: string[];
}

async function askAll(urls: readonly string[], secretOf: SecretOf): Promise<Answers> {
  const answers: Answers = { accepted: [], refused: [] };
  for (const provider of providers) {
    const isTaken = await isAcceptedBy(urls, provider, secretOf(provider));
    answers[isTaken ? 'accepted' : 'refused'].push(provider);
  }
  return answers;
}

/** What a provider gets must not depend on the instance that a balancer picks. */
async function isAcceptedBy(urls: readonly string[], provider: string, secret?: string): Promise<boolean> {
  const taking: string[] = [];
  for (const url of urls) if (await isAccepted(url, provider, secret)) taking.push(url);
  if (taking.length === 0 || taking.length === urls.length) return taking.length > 0;
  const refusing = urls.filter((url) => !taking.includes(url));
  throw new Error(`instances differ: of ${provider}, ${taking} took what ${refusing} refused`);
}

async function isAccepted(url: string, provider: string, secret: string | undefined): Promise<boolean> {
  const text = JSON.stringify({ external_ref: `rotation-${randomUUID()}`, status: 'PENDING' });
  const signature = secret === undefined ? undefined : `sha256=${signBytes('sha256', secret, text)}`;
  const headers = { ...(signature && { 'x-signature': signature }) };
  const path = `/v1/webhooks/${provider.toLowerCase()}`;
  const { status, body } = await askService(url, { method: 'POST', path, headers, body: text });
  if (status === 200) return true;
  const { error } = (body['detail'] ?? {}) as { error?: string };
  const refusal = signature === undefined ? 'MISSING_SIGNATURE' : 'INVALID_SIGNATURE';
  if (status === 401 && error === refusal) return false;
  throw new Error(
    `POST ${url}${path}: neither taken nor refused for its signature, but ${status} ${error ?? ''}`,
  );
}

/** What has to be set and is not, or is twice the same; nothing where all is well. */
function lackOf(env: NodeJS.ProcessEnv, isRotation: boolean): string {
  const names = providers.map((each) => `${each}_WEBHOOK_SECRET`);
  const needed = ['SERVICE_URL', ...names, ...(isRotation ? names.map((name) => `${name}_PREVIOUS`) : [])];
  const missing = needed.filter((name) => !env[name]?.replaceAll(',', ''));
  if (missing.length > 0) return `${missing.join(', ')} required`;
  const isSame = (provider: string) =>
    env[`${provider}_WEBHOOK_SECRET`] === env[`${provider}_WEBHOOK_SECRET_PREVIOUS`];
  const same = isRotation ? providers.filter(isSame) : [];
  return same.length > 0 ? `nothing new: ${same.join(', ')}` : '';
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, 'without-previous': { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { env } = process;
  const isRotation = values['without-previous'] !== true;
  const lack = lackOf(env, isRotation);
  if (lack !== '') {
    process.stderr.write(`check-payout-signatures: ${lack}\n`);
    return 2;
  }
  const urls = instancesOf(env['SERVICE_URL']);
  const secret: SecretOf = (provider) => env[`${provider}_WEBHOOK_SECRET`];
  const previous: SecretOf = (provider) => env[`${provider}_WEBHOOK_SECRET_PREVIOUS`];
  try {
    const report = {
      instances: urls.length,
      new: await askAll(urls, secret),
      ...(isRotation && { old: await askAll(urls, previous) }),
      unsigned: await askAll(urls, () => undefined),
    };
    process.stdout.write(`${JSON.stringify({ ...report, problem: '' })}\n`);
    return 0;
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    process.stdout.write(`${JSON.stringify({ problem })}\n`);
    process.stderr.write(`check-payout-signatures: ${problem}\n`);
    return 1;
  }
}

await runMain('check-payout-signatures', main);

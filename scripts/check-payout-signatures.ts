import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { askService } from '#pipeline/shared/service-client.ts';
import { signBytes } from '#pipeline/shared/signature.ts';

const help = `Usage: node scripts/check-payout-signatures.ts [--without-previous]

Tells under which secrets a running service takes webhooks of the payout providers: to each it sends one signed with
the new secret, one signed with the one before it, and one without a signature, about a payout that nobody has, so that
nothing changes.
Prints one line of JSON: which providers' webhooks were taken and which were refused, under the new secret (\`new\`),
under the old one (\`old\`) and without any (\`unsigned\`); or the \`problem\` of a provider that did neither, and
exit code 1. Exit code 0 if every question had one of the two answers; which of them is right is for the gate to say.

  --without-previous    outside of a rotation: there is no old secret, and nothing is told of it

  SERVICE_URL                                         the running service
  TMONEY_WEBHOOK_SECRET, FLOOZ_…, MOMO_…, THUNES_…    the new secrets
  TMONEY_WEBHOOK_SECRET_PREVIOUS, …                   the ones before them
`;

const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'] as const;

interface Answers {
  accepted: string[];
  refused: string[];
}

async function askAll(url: string, secretOf: (provider: string) => string | undefined): Promise<Answers> {
  const answers: Answers = { accepted: [], refused: [] };
  for (const provider of providers) {
    const isTaken = await isAccepted(url, provider, secretOf(provider));
    answers[isTaken ? 'accepted' : 'refused'].push(provider);
  }
  return answers;
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
  throw new Error(`POST ${path}: neither taken nor refused for its signature, but ${status} ${error ?? ''}`);
}

/** What has to be set and is not, or is twice the same; nothing where all is well. */
function lackOf(env: NodeJS.ProcessEnv, isRotation: boolean): string {
  const names = providers.map((each) => `${each}_WEBHOOK_SECRET`);
  const needed = ['SERVICE_URL', ...names, ...(isRotation ? names.map((name) => `${name}_PREVIOUS`) : [])];
  const missing = needed.filter((name) => !env[name]);
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
  const ask = (secretOf: (provider: string) => string | undefined) =>
    askAll(env['SERVICE_URL'] ?? '', secretOf);
  try {
    const report = {
      new: await ask((provider) => env[`${provider}_WEBHOOK_SECRET`]),
      ...(isRotation && { old: await ask((provider) => env[`${provider}_WEBHOOK_SECRET_PREVIOUS`]) }),
      unsigned: await ask(() => undefined),
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

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`check-payout-signatures: ${error.message}\n`);
    process.exitCode = 1;
  },
);

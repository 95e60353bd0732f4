import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { askService } from '#pipeline/shared/service-client.ts';
import { signBytes } from '#pipeline/shared/signature.ts';

const help = `Usage: node scripts/check-payout-signatures.ts

Tells under which secrets a running service takes webhooks of the payout providers: to each it sends one signed with
the new secret and one signed with the one before it, about a payout that nobody has, so that nothing changes.
Prints one line of JSON: which providers' webhooks were taken and which were refused, under the new secret and under
the old one. Exit code 0 if every question had one of these two answers; which of them is right is for the gate to say.

  SERVICE_URL                                         the running service
  TMONEY_WEBHOOK_SECRET, FLOOZ_…, MOMO_…, THUNES_…    the new secrets
  TMONEY_WEBHOOK_SECRET_PREVIOUS, …                   the ones before them
`;

const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'] as const;

interface Answers {
  accepted: string[];
  refused: string[];
}

async function askAll(url: string, secretOf: (provider: string) => string): Promise<Answers> {
  const answers: Answers = { accepted: [], refused: [] };
  for (const provider of providers) {
    const isTaken = await isAccepted(url, provider, secretOf(provider));
    answers[isTaken ? 'accepted' : 'refused'].push(provider);
  }
  return answers;
}

async function isAccepted(url: string, provider: string, secret: string): Promise<boolean> {
  const text = JSON.stringify({ external_ref: `rotation-${randomUUID()}`, status: 'PENDING' });
  const headers = { 'x-signature': `sha256=${signBytes('sha256', secret, text)}` };
  const path = `/v1/webhooks/${provider.toLowerCase()}`;
  const { status, body } = await askService(url, { method: 'POST', path, headers, body: text });
  if (status === 200) return true;
  const { error } = (body['detail'] ?? {}) as { error?: string };
  if (status === 401 && error === 'INVALID_SIGNATURE') return false;
  throw new Error(`POST ${path}: neither taken nor refused for its signature, but ${status} ${error ?? ''}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { env } = process;
  const url = env['SERVICE_URL'] ?? '';
  const newOf = (provider: string) => env[`${provider}_WEBHOOK_SECRET`] ?? '';
  const oldOf = (provider: string) => env[`${provider}_WEBHOOK_SECRET_PREVIOUS`] ?? '';
  const missing = [
    ...(url === '' ? ['SERVICE_URL'] : []),
    ...providers.filter((each) => newOf(each) === '').map((each) => `${each}_WEBHOOK_SECRET`),
    ...providers.filter((each) => oldOf(each) === '').map((each) => `${each}_WEBHOOK_SECRET_PREVIOUS`),
  ];
  const same = providers.filter((each) => newOf(each) !== '' && newOf(each) === oldOf(each));
  if (missing.length > 0 || same.length > 0) {
    const problem = missing.length > 0 ? `${missing.join(', ')} required` : `nothing new: ${same.join(', ')}`;
    process.stderr.write(`check-payout-signatures: ${problem}\n`);
    return 2;
  }
  const report = { new: await askAll(url, newOf), old: await askAll(url, oldOf) };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return 0;
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

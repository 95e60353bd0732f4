import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintToken } from '#pipeline/runtime/token.ts';
import { runScript } from '#pipeline/testing/processes.ts';
import { secondsLeft } from '#scripts/check-old-secrets.ts';
import { Platform } from './testing/platform.ts';

const GATE_MS = 180_000;
const rotation = 'nepxy-secret-rotation';
const all = '\\["TMONEY","FLOOZ","MOMO","THUNES"\\]';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start('local-rotation');
}, GATE_MS);
afterAll(() => platform?.stop());

it('N11: the rotation reaches a signed report', { timeout: GATE_MS }, async () => {
  const { exit, stdout, stderr } = await platform.cli(
    ...['gate', 'run', rotation, '--env', 'local-rotation', '--sign'],
  );
  expect(exit, stderr + stdout).toBe(0);
  expect(stdout).toContain('REHEARSAL_GO');
  expect(stdout).toContain('simulated: providers');
  expect(stderr).toContain('verified:');
});

type State = 'before' | 'overlap' | 'after';

/** What waits for the last instance does not, here. */
const runItem = (id: string) => platform.runItem(rotation, id, id.endsWith('everywhere') ? { args: [] } : {});

/** The item is NO_GO with this cause where the service of one state is still, or already, that of another. */
async function expectNoGo(id: string, [meant, found]: [State, State], cause: string): Promise<void> {
  const asked = new RegExp(`source: ${meant}\\b`, 'g');
  const asksUrl = new RegExp(`vars\\.${meant}_(url|instances)`, 'g');
  const gate = `checklists/${rotation}.gate.yml`;
  const foundUrl = found === 'before' ? 'before_instances' : `${found}_$1`;
  await platform.whileFile(gate, asksUrl, `vars.${foundUrl}`, () =>
    platform.whileFile(gate, asked, `source: ${found}`, async () => {
      const { exit, stdout, stderr } = await runItem(id);
      expect(stdout, stderr).toMatch(new RegExp(`${id} failed: ${cause}`));
      expect(stdout).toContain('NO_GO');
      expect(exit).toBe(1);
    }),
  );
}

it.each<[string, string, [State, State], string]>([
  [
    'old webhook secrets that still hold afterwards',
    'after-signatures',
    ['after', 'overlap'],
    `.*summary\\.old\\.accepted = ${all}`,
  ],
  ['previous secrets that are still set', 'after-settings', ['after', 'overlap'], '.*\\.size\\(\\) == 0'],
  [
    'old webhook secrets that no longer hold in the overlap',
    'overlap-signatures',
    ['overlap', 'after'],
    `.*summary\\.old\\.refused = ${all}`,
  ],
  [
    'new webhook secrets that do not hold yet in the overlap',
    'overlap-signatures',
    ['overlap', 'before'],
    `.*summary\\.new\\.refused = ${all}`,
  ],
  [
    'a token of the old key that is good in the overlap',
    'overlap-token',
    ['overlap', 'before'],
    '.*status = 200',
  ],
  [
    'a token of the old key that is good on an instance in the overlap',
    'overlap-everywhere',
    ['overlap', 'before'],
    '.*http://127\\.0\\.0\\.1:\\d+: a token of the old key is good',
  ],
  [
    'a webhook that is refused in the smoke test',
    'overlap-smoke',
    ['overlap', 'before'],
    '.*webhooks/tmoney: 401 .*INVALID_SIGNATURE',
  ],
])('N7: %s: NO_GO, with the cause', (_name, id, states, cause) => expectNoGo(id, states, cause), 30_000);

it.each<[string, string]>([
  ['after-everywhere', 'http://127\\.0\\.0\\.1:\\d+: TMONEY_WEBHOOK_SECRET_PREVIOUS is set;'],
  ['after-signatures', 'instances differ: of TMONEY, http:\\S+ took what http:\\S+ refused'],
])(
  'N7: an instance of two that was forgotten: NO_GO, with its address (%s)',
  async (id, cause) => {
    const both = '${vars.after_instances},${vars.overlap_instances}';
    await platform.whileFile(
      `checklists/${rotation}.gate.yml`,
      /\$\{vars\.after_instances\}/g,
      both,
      async () => {
        const { exit, stdout, stderr } = await runItem(id);
        expect(stdout, stderr).toMatch(new RegExp(`${id} failed: .*${cause}`));
        expect([exit, stdout]).toEqual([1, expect.stringContaining('NO_GO')]);
      },
    );
  },
  30_000,
);

it('N7: a token of the old key that ended by itself proves nothing: NO_GO', async () => {
  const ended = mintToken('a key of before', { sub: 'somebody', role: 'USER' }, 60, new Date(0));
  const gate = `checklists/${rotation}.gate.yml`;
  await platform.whileFile(
    gate,
    'OLD_TOKEN: ${secret.PAYOUTS_OLD_TOKEN}',
    `OLD_TOKEN: ${ended}`,
    async () => {
      const { exit, stdout, stderr } = await runItem('overlap-everywhere');
      expect(stdout, stderr).toMatch(/overlap-everywhere failed: .*the token ended by itself \d+ s ago/);
      expect([exit, stdout]).toEqual([1, expect.stringContaining('NO_GO')]);
    },
  );
}, 30_000);

it('N7: the gate waits for the last instance: what is not there yet is asked again', async () => {
  const answers = [200, 503, 401];
  // The first 401 is not of the service.
  const bodies = ['{}', '{}', '{"detail":"WHO_ARE_YOU"}'];
  let asked = 0;
  const server = createServer((_request, response) => {
    response.writeHead(answers[asked] ?? 401).end(bodies[asked++] ?? '{"detail":"UNAUTHENTICATED"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const token = mintToken('a key of before', { sub: 'somebody', role: 'USER' }, 600);
  const env = { SERVICE_URLS: `http://127.0.0.1:${port}`, OLD_TOKEN: token };
  const impatient = await runScript('scripts/check-old-secrets.ts', [], env);
  expect([impatient.code, impatient.stdout]).toEqual([1, expect.stringContaining('is good"')]);
  const patient = await runScript('scripts/check-old-secrets.ts', ['--wait', '60'], env);
  server.close();
  expect([patient.code, asked]).toEqual([0, 4]);
  expect(JSON.parse(patient.stdout)).toMatchObject({ holding: [], problem: '' });
}, 30_000);

it('N7: each realm has a key of its own, and a token without an end is not taken for one that lives', async () => {
  const mint = (...args: string[]) =>
    runScript('scripts/mint-token.ts', ['--role', 'USER', ...args], {
      JWT_SECRET: 'of payouts',
      JWT_SECRET_KEY: 'of the platform',
    });
  const isSignedWith = ({ stdout }: { stdout: string }, key: string) => {
    const [, signed = '', signature] = /^(.+)\.(.+)$/m.exec(stdout) ?? [];
    return createHmac('sha256', key).update(signed).digest('base64url') === signature;
  };
  expect(isSignedWith(await mint('--realm', 'payouts'), 'of payouts')).toBe(true);
  expect(isSignedWith(await mint(), 'of the platform')).toBe(true);
  expect(await mint('--realm', 'toString')).toMatchObject({
    code: 2,
    stderr: 'mint-token: --realm must be one of platform, payouts\n',
  });
  expect(secondsLeft('no.token.at-all', new Date())).toBeUndefined();
  const token = mintToken('a key', { sub: 'somebody', role: 'USER' }, 60, new Date(0));
  expect(secondsLeft(token, new Date(59_500))).toBe(0);
});

const secrets = Object.fromEntries(
  ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'].flatMap((provider) => [
    [`${provider}_WEBHOOK_SECRET`, `new of ${provider}`],
    [`${provider}_WEBHOOK_SECRET_PREVIOUS`, `old of ${provider}`],
  ]),
);

it('N11: a rotation of nothing is refused, as is one that lacks a secret', async () => {
  const url = 'http://127.0.0.1:9';
  const run = (env: object) =>
    runScript('scripts/check-payout-signatures.ts', [], { SERVICE_URL: url, ...env });
  const same = await run({ ...secrets, MOMO_WEBHOOK_SECRET_PREVIOUS: secrets['MOMO_WEBHOOK_SECRET'] });
  expect([same.code, same.stderr]).toEqual([2, 'check-payout-signatures: nothing new: MOMO\n']);
  const lacking = await run({ ...secrets, FLOOZ_WEBHOOK_SECRET: '' });
  expect([lacking.code, lacking.stderr]).toEqual([
    2,
    'check-payout-signatures: FLOOZ_WEBHOOK_SECRET required\n',
  ]);
});

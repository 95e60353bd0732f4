import { afterAll, beforeAll, expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';
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

/** The item is NO_GO with this cause where the service of one state is still, or already, that of another. */
async function expectNoGo(id: string, [meant, found]: [State, State], cause: string): Promise<void> {
  const asked = new RegExp(`source: ${meant}\\b`, 'g');
  const asksUrl = new RegExp(`vars\\.${meant}_url`, 'g');
  const gate = `checklists/${rotation}.gate.yml`;
  await platform.whileFile(gate, asksUrl, `vars.${found}_url`, () =>
    platform.whileFile(gate, asked, `source: ${found}`, async () => {
      const { exit, stdout, stderr } = await platform.runItem(rotation, id, {});
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
  ['a token of the old key that is good afterwards', 'after-token', ['after', 'before'], '.*status = 200'],
  [
    'a webhook that is refused in the smoke test',
    'overlap-smoke',
    ['overlap', 'before'],
    '.*webhooks/tmoney: 401 .*INVALID_SIGNATURE',
  ],
])('N7: %s: NO_GO, with the cause', (_name, id, states, cause) => expectNoGo(id, states, cause), 30_000);

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

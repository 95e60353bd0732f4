import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WindowConfig } from '../config/windows.ts';
import { CountersignError } from '../errors.ts';
import { openLedger } from '../gate/ledger.ts';
import { EXPIRES_AT, makeRunFolder, type RunFolder, testItem, testPerson } from '../testing/run-folder.ts';
import { sayOn } from '../testing/say.ts';
import { verifyRun } from '../testing/verify-run.ts';
import type { DeployOptions } from './verify/finding.ts';
import type { VerifyOptions } from './verify.ts';

const ada = testPerson('ada', ['release-manager']);
const grace = testPerson('grace', ['engineering']);
const morning: WindowConfig = {
  kind: 'allow',
  rrule: 'FREQ=DAILY',
  from: '08:00',
  until: '12:00',
  zone: 'UTC',
};

let folder: string;
let ledgers = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-deploy-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function newLedger() {
  ledgers += 1;
  return openLedger(folder, `ledger-${ledgers}.jsonl`);
}

const windowed: Partial<Parameters<typeof makeRunFolder>[0]> = {
  items: [{ ...testItem('open'), check: 'window' }],
  gate: (gate) => {
    for (const item of gate.items) item.with = { windows: ['morning'] };
  },
};

async function signed(options: Partial<Parameters<typeof makeRunFolder>[0]> = {}): Promise<RunFolder> {
  const run = await makeRunFolder({ people: [ada, grace], ...options });
  await run.sign(ada);
  await run.sign(grace);
  return run;
}

async function deploy(
  run: RunFolder,
  change: Partial<DeployOptions> = {},
  more: Partial<VerifyOptions> = {},
) {
  const deploy: DeployOptions = { windows: async () => ({ morning }), ...change };
  const { exit, lines } = await verifyRun(run, { forDeploy: true, deploy, ...more });
  const said = (check: string) =>
    lines
      .filter((line) => line.check === check)
      .map(({ text }) => text)
      .join('; ');
  return { exit, said };
}

describe('a report that is about to be deployed', () => {
  it('T5: is used once: the second time it is refused, a look before records nothing', async () => {
    await using run = await signed();
    const ledger = await newLedger();
    const look = await deploy(run, { ledger, checkOnly: true });
    expect(look).toMatchObject({ exit: 0 });
    expect(look.said('ledger')).toContain('nothing was recorded');
    const first = await deploy(run, { ledger });
    expect(first.exit).toBe(0);
    expect(first.said('ledger')).toContain('recorded as used from now on, in ledger-1.jsonl');
    const second = await deploy(run, { ledger });
    expect(second.exit).toBe(1);
    expect(second.said('ledger')).toContain('this report was used before');
  });

  it('T5: is not taken down as used when anything else speaks against it', async () => {
    await using run = await signed();
    const ledger = await newLedger();
    const refused = await deploy(run, { ledger }, { git: { commit: 'd'.repeat(40) } });
    expect(refused.exit).toBe(1);
    expect(refused.said('ledger')).toBe('not asked: the report is not to be deployed');
    expect((await deploy(run, { ledger })).exit).toBe(0);
  });

  it('T20: says so when nobody looked whether it was used', async () => {
    await using run = await signed();
    expect((await deploy(run)).said('ledger')).toContain('RELAXED');
  });

  it('can not be told where the ledger is out of reach', async () => {
    await using run = await signed();
    const broken = new CountersignError('SOURCE_UNREACHABLE', 'no route');
    const refuse = () => Promise.reject(broken);
    const ledger = { shown: 'postgres://db/used', newest: refuse, look: refuse, record: refuse };
    const result = await deploy(run, { ledger });
    expect(result.exit).toBe(3);
    expect(result.said('ledger')).toBe('no route');
  });

  it.each<[string, Partial<VerifyOptions>, string]>([
    ['commit', { git: { commit: 'd'.repeat(40) } }, 'git'],
    ['environment', { environment: { name: 'production' } }, 'environment'],
    ['gate', { gate: Buffer.from('gate: easy\n') }, 'gate'],
    ['artefact', { subjects: [{ sha256: 'e'.repeat(64) }] }, 'subjects'],
  ])('T3: is for another %s', async (_name, target, check) => {
    await using run = await signed();
    const result = await deploy(run, {}, target);
    expect(result.exit).toBe(1);
    expect(result.said(check)).toMatch(/not |no subject/);
  });

  it('T4: has expired by now', async () => {
    await using run = await signed();
    const result = await deploy(run, {}, { now: new Date(Date.parse(EXPIRES_AT) + 1) });
    expect(result.exit).toBe(1);
    expect(result.said('validity')).toContain('expired');
  });

  it('T8: was withdrawn since', async () => {
    await using run = await signed();
    await sayOn(run, grace, { type: 'withdrawal', of: 'go', reason: 'the totals were of yesterday' });
    const later = new Date('2026-11-25T09:30:00.000Z');
    const ledger = await newLedger();
    const result = await deploy(run, { ledger }, { now: later });
    expect(result.exit).toBe(1);
    expect(result.said('statements')).toContain('the totals were of yesterday');
    expect(result.said('ledger')).toContain('not asked');
  });
});

describe('a report whose gate says how old evidence may be', () => {
  it.each<['cutover' | 'sign', string, number, string]>([
    ['sign', '2026-11-25T09:28:00.000Z', 0, 'smoke is 1h old, of at most 1h'],
    ['sign', '2026-11-25T09:28:00.001Z', 1, 'was measured'],
    ['cutover', '2026-11-25T09:28:00.001Z', 1, 'it may be 1h old'],
  ])('T4: fresh at %s, is judged as of now, %s', async (moment, now, exit, said) => {
    await using run = await signed({
      gate: ({ items: [smoke] }) => void Object.assign(smoke ?? {}, { fresh: { within: '1h', at: moment } }),
    });
    const result = await deploy(run, {}, { now: new Date(now) });
    expect(result.said('freshness')).toContain(said);
    expect(result.exit).toBe(exit);
  });
});

describe('a report whose gate asks for an open window', () => {
  it.each<[string, Record<string, WindowConfig>, number, string]>([
    ['is deployed while it is open', { morning }, 0, 'open now, until 2026-11-25T12:00'],
    ['T14: is not deployed once it is shut', { morning: { ...morning, from: '10:00' } }, 1, 'shut now'],
    [
      'T14: is not deployed once a freeze begins',
      { morning: { ...morning, kind: 'deny' } },
      1,
      'denied by morning',
    ],
    ['is not deployed once the window is gone', {}, 1, 'there is no window morning'],
  ])('%s', async (_name, windows, exit, said) => {
    await using run = await signed(windowed);
    const result = await deploy(run, { windows: async () => windows });
    expect(result.said('windows')).toContain(said);
    expect(result.exit).toBe(exit);
  });

  it('can not be told where the windows can not be read', async () => {
    await using run = await signed(windowed);
    const windows = () => Promise.reject(new CountersignError('CONFIG_MISSING', 'there is no such file'));
    const result = await deploy(run, { windows });
    expect(result.exit).toBe(3);
  });
});

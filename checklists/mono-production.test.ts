import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignOff } from '#harness/report/schema.ts';
import type { RunningStack } from '#harness/stack/stack.ts';
import { until } from '#harness/testing/prometheus.ts';
import { cliIn, copyOfRepo, stackIn } from '#harness/testing/repo-copy.ts';
import { askFlags, resetFlags } from '#scripts/three-instances.ts';

const environment = 'local-production';
const rehearse = 300;
const gateFile = 'checklists/mono-production-release.gate.yml';
const RUN_MS = 120_000;

/** In place of the dry run, which `breaks.test.ts` runs whole: it is signed, too. */
const stagingGate = `
gate: mono-staging-dry-run
title: A stand-in
environment: ${environment}
items: [{id: next, title: Next, check: window, with: {windows: [production-release], mode: named}}]
sign: {require: [{role: release-manager}, {role: engineering}]}
`;

let root: string;
let stack: RunningStack;
let gate: string;

beforeAll(async () => {
  root = await copyOfRepo();
  await writeFile(join(root, 'checklists/mono-staging-dry-run.gate.yml'), stagingGate);
  stack = await stackIn(root, environment, rehearse);
  const signed = await run('mono-staging-dry-run', '--sign');
  expect(signed.exit, signed.stderr).toBe(0);
  // Twenty minutes rather than two hours, and a sample each five: at this pace four seconds, and one.
  gate = (await readFile(join(root, gateFile), 'utf8'))
    .replace('{for: 2h, every: 2m}', '{for: 20m, every: 5m}')
    .replaceAll(/\{for: 1[05]m, every: 2m\}/g, '{for: 10m, every: 5m}');
  expect(gate.match(/every: 5m/g)).toHaveLength(3);
}, RUN_MS);

afterAll(async () => {
  await stack?.stop();
  await rm(root, { recursive: true, force: true });
});

beforeEach(async () => {
  await writeFile(join(root, gateFile), gate);
  await resetFlags(stack.state);
});

const run = (name: string, ...args: string[]) =>
  cliIn(root, ['gate', 'run', name, '--env', environment, '--rehearse', String(rehearse), ...args]);

async function reported(id: string) {
  const text = await readFile(join(root, '.countersign/latest/report.json'), 'utf8');
  const { predicate } = JSON.parse(text) as { predicate: SignOff };
  return predicate.items.find((item) => item.id === id);
}

const running = async () => (await askFlags(stack.state)).map((flag) => flag.running);

async function fault(method: string, body?: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`http://127.0.0.1:${stack.state.ports['mono']}/__sim/faults`, {
    method,
    ...(body && { body: JSON.stringify(body), headers }),
  });
}

describe('the release to production', () => {
  it('M17: turns nothing on when the smoke run is too old at the cutover', { timeout: RUN_MS }, async () => {
    await writeFile(join(root, gateFile), gate.replace('fresh: {within: 2h', 'fresh: {within: 1s'));
    const stale = await run('mono-production-release');
    expect(stale.exit, stale.stderr).toBe(1);
    expect(stale.stdout).toMatch(/canary-on failed: .*`smoke`.*1s/);
    const flags = await askFlags(stack.state);
    expect(flags.map(({ overrides }) => overrides)).toEqual([[], [], []]);
  });

  it('M17: turns nothing on where an instance is not of this release', { timeout: RUN_MS }, async () => {
    const manifest = await readFile(join(root, 'package.json'), 'utf8');
    await writeFile(join(root, 'package.json'), manifest.replace(/"version": ".+?"/, '"version": "9.9.9"'));
    const other = await run('mono-production-release').finally(() =>
      writeFile(join(root, 'package.json'), manifest),
    );
    expect(other.exit, other.stderr).toBe(1);
    expect(other.stdout).toMatch(
      /build failed: .*http:\S+: version of what runs is \S+, and of the release 9/,
    );
    expect(await running()).toEqual([false, false, false]);
  });

  it('M17: turns one instance on, then two, then three, and watches them', {
    timeout: RUN_MS,
  }, async () => {
    const released = await run('mono-production-release');
    expect(released.exit, released.stderr + released.stdout).toBe(0);
    expect(released.stdout).toContain('REHEARSAL_GO');
    expect(await running()).toEqual([true, true, true]);
    expect(await reported('window-open')).toMatchObject({ state: 'rehearsed' });
    const { watch } = (await reported('window-alerts')) ?? {};
    expect(watch?.samples.length).toBeGreaterThan(3);
    expect(watch?.samples.every(({ state }) => state === 'passed')).toBe(true);
  });

  it('M17: an alert during the two hours is NO_GO, and turns all three off again', {
    timeout: RUN_MS,
  }, async () => {
    // The alert wants some seconds to be seen.
    await writeFile(join(root, gateFile), gate.replace('for: 20m', 'for: 1h'));
    let ended = false;
    const releasing = run('mono-production-release').finally(() => {
      ended = true;
    });
    await until(async () => ended || (await running()).every(Boolean), RUN_MS);
    await fault('POST', { kind: 'latency', ms: 2300, endpoint: 'transactions' });
    const failed = await releasing.finally(() => fault('DELETE'));
    expect(failed.exit, failed.stderr).toBe(1);
    expect(failed.stdout).toContain('NO_GO');
    expect(failed.stdout).toMatch(/window-alerts failed: .*MonoPipelineLatencySLA/);
    expect(await running()).toEqual([false, false, false]);
    for (const id of ['canary-on', 'second-on', 'third-on']) {
      expect(await reported(id)).toMatchObject({ state: 'passed', undo: { state: 'passed' } });
    }
  });
});

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyFile } from '../../testing/any-checks.ts';
import { checklyKeys, startCheckly } from '../../testing/services/checkly.ts';
import { datadogKeys, startDatadog } from '../../testing/services/datadog.ts';
import { datadogModel } from '../../testing/services/datadog-model.ts';
import { type DeployTest, deployFile } from '../../testing/services/deploying.ts';
import { newRelicKeys, startNewRelic } from '../../testing/services/newrelic.ts';
import type { Fault, Simulator } from '../../testing/services/simulator.ts';

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('refuse' as const), status: fc.constantFrom(429, 500, 503) }),
  fc.constant({ kind: 'cut' as const }),
  fc.record({ kind: fc.constant('lie' as const), status: fc.constantFrom(500, 502) }),
);

interface Running {
  simulator: Simulator;
  env: Record<string, string>;
  count(): number;
  clear(): void;
}

const start: Record<string, () => Promise<Running>> = {
  async checkly() {
    const simulator = await startCheckly();
    const { checks } = simulator;
    return { simulator, env: checklyKeys, count: () => checks.size, clear: () => checks.clear() };
  },
  async datadog() {
    const simulator = await startDatadog(await datadogModel());
    simulator.variables.push('API_TOKEN', 'PATH');
    const { tests } = simulator;
    return { simulator, env: datadogKeys, count: () => tests.size, clear: () => tests.clear() };
  },
  async newrelic() {
    const simulator = await startNewRelic();
    const { monitors } = simulator;
    return { simulator, env: newRelicKeys, count: () => monitors.size, clear: () => monitors.clear() };
  },
};

describe.each(Object.keys(start))('files that change and a %s that fails at times', (to) => {
  let running: Running;
  let at: DeployTest;
  beforeAll(async () => {
    running = (await start[to]?.()) as Running;
    at = { to, url: running.simulator.url, env: running.env, settings: {} };
  });
  afterAll(() => running.simulator.close());

  const deploy = (file: object) =>
    deployFile(at, file as Record<string, unknown>).catch((thrown: { code?: string }) => thrown.code);

  it('converge: after a run without a fault the next has nothing to do, and nothing is there twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFile,
        anyFile,
        fc.array(fc.record({ fault, skip: fc.nat(6) }), { maxLength: 3 }),
        async (before, after, faults) => {
          running.clear();
          await deploy(before);
          for (const { fault: each, skip } of faults) {
            let left = skip;
            running.simulator.inject(each, () => left-- <= 0);
          }
          await deploy(after);
          running.simulator.calm();
          const repaired = await deploy(after);
          if (repaired === 'NO_DATA') return;
          const last = await deploy(after);
          expect(last).toMatchObject({ plan: { differences: [] }, applied: [] });
          const { unchanged } = (last as Awaited<ReturnType<typeof deployFile>>).plan;
          expect(running.count()).toBe(unchanged.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});

import { join } from 'node:path';
import dashboards from '#harness/checks/dashboards/dashboards.ts';
import { evaluateExpectation } from '#harness/gate/evaluate.ts';
import { createPrometheus } from '#harness/sources/prometheus.ts';
import { testContext } from '#harness/testing/context.ts';

/** What the kind `dashboards` finds in a file with this Prometheus, and which of its expectations do not hold. */
export async function measureDashboard(url: string, file: string, panels: string[]) {
  const context = testContext({
    root: join(import.meta.dirname, '..'),
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    sources: { prometheus: async () => createPrometheus({ name: 'metrics', url }) },
  });
  const options = { files: [file], panels, rate_interval: '10s', within: '1m' };
  const { facts } = await dashboards.measure(options, context);
  const subject = { facts, schema: dashboards.facts, needs: {} };
  const unmet = dashboards.expect.filter(
    (text) => evaluateExpectation(text, subject as never).outcome !== 'true',
  );
  return { facts, unmet };
}

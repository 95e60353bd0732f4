import { Registry } from '@prometheus-io/client';
import { expect, it } from 'vitest';
import { createMonoMetrics, errorClasses } from './metrics.ts';
import { stages } from './operations.ts';

it('M9: accounts beyond the cap share one label, so that the series are bounded', async () => {
  const registry = new Registry();
  const metrics = createMonoMetrics(registry, { maxAccounts: 3 });
  for (let account = 0; account < 50; account++) {
    metrics.prime(`account-${account}`);
    metrics.error('sync', 'MonoTimeoutError', `account-${account}`);
  }
  const text = await registry.metrics();
  const series = text.split('\n').filter((line) => line.startsWith('taxpoynt_mono_pipeline_errors_total{'));
  expect(series).toHaveLength(4 * stages.length * (errorClasses.length + 1));
  expect(text).toContain('stage="sync",reason="MonoTimeoutError",account_id="other"} 47');
});

it('M9: an exception class outside the closed list counts as other', async () => {
  const registry = new Registry();
  createMonoMetrics(registry, { maxAccounts: 3 }).error('persist', 'SomethingNew', 'a');
  expect(await registry.metrics()).toContain('stage="persist",reason="other",account_id="a"} 1');
});

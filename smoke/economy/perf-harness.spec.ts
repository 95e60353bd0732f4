import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';

const samples = 10;
const program = resolve(import.meta.dirname, '../latency/perf-harness.ts');

interface Endpoint {
  name: string;
  samples_ms: number[];
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  errors: number;
}

test(
  'test_perf_harness_quick_mode_smoke_outputs_samples',
  {
    tag: ['@economy', '@readonly'],
  },
  async ({ login }, testInfo) => {
    const file = testInfo.outputPath('perf.json');
    const { token } = await login('MEMBER');
    const { exit, stderr } = await runHarness(file, token);
    expect(exit, `the harness says: ${stderr}`).toBe(0);
    await testInfo.attach('perf.json', { path: file, contentType: 'application/json' });

    const figures = JSON.parse(await readFile(file, 'utf8')) as { samples: number; endpoints: Endpoint[] };
    expect(figures.samples).toBe(samples);
    expect(figures.endpoints.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['health_endpoint', 'transactions_api', 'shop_items_api']),
    );
    for (const { name, samples_ms, p50, p90, p95, p99, errors } of figures.endpoints) {
      expect(samples_ms.length, name).toBe(samples);
      expect(
        samples_ms.every((ms) => Number.isFinite(ms) && ms > 0),
        name,
      ).toBe(true);
      expect([p50, p90, p95, p99], name).toEqual([p50, p90, p95, p99].toSorted((a, b) => a - b));
      expect(errors, name).toBe(0);
    }
  },
);

function runHarness(file: string, token: string): Promise<{ exit: unknown; stderr: string }> {
  const args = [program, '--samples', String(samples), '--json', file];
  const { PATH } = process.env;
  const env = { PATH, SMOKE_SERVICE_URL: setting('SMOKE_SERVICE_URL'), SMOKE_TOKEN_MEMBER: token };
  return new Promise((done) => {
    execFile(execPath, args, { env, timeout: 20_000 }, (error, _stdout, stderr) => {
      done({ exit: error ? error.code : 0, stderr });
    });
  });
}

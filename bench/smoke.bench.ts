import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cliIn, copyOfRepo, stackIn } from '#harness/testing/repo-copy.ts';

/**
 * `smoke run` on a local stack that is up: all twelve tests of the platform, and one test of one request against
 * that request alone and against Playwright by itself.
 */
const runs = 5;
const one = 'test_health_has_version_key_and_status_ok';

async function secondsOf(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1_000;
}

async function median(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await secondsOf(work));
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

export async function bench(): Promise<string[]> {
  const root = await copyOfRepo();
  const stack = await stackIn(root);
  try {
    const service = `http://127.0.0.1:${stack.state.ports['service']}`;
    const smoke = async (...flags: string[]) => {
      const { exit, stdout, stderr } = await cliIn(root, ['smoke', 'run', '--env', 'local', ...flags]);
      if (exit !== 0) throw new Error(stdout + stderr);
    };
    const playwright = () => {
      const args = [
        join(root, 'node_modules/@playwright/test/cli.js'),
        'test',
        '--project=api',
        '--grep',
        one,
      ];
      const env = { ...process.env, SMOKE_SERVICE_URL: service };
      const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
      if (status !== 0) throw new Error(stdout);
    };
    const request = async () => {
      const answer = await fetch(`${service}/health`);
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      await answer.text();
    };
    const all = await median(() => smoke('--tag', '@economy'));
    const bare = await median(request);
    const alone = await median(playwright);
    const single = await median(() => smoke('--grep', one));
    return [
      `the twelve smoke tests of the platform: ${all.toFixed(1)} s, median of ${runs}; goal 30 s`,
      `smoke run of one test with one request: ${(single - bare).toFixed(1)} s over the request (${(bare * 1_000).toFixed(1)} ms), median of ${runs}; goal 3 s`,
      `  ratio ${(single / alone).toFixed(2)} to Playwright by itself`,
    ];
  } finally {
    await stack.stop();
    await rm(root, { recursive: true, force: true });
  }
}

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

/** Whatever else the machine does can only make a run longer. */
async function lowest(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await secondsOf(work));
  return Math.min(...times);
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
    const all = await lowest(() => smoke('--tag', '@economy'));
    const bare = await lowest(request);
    const alone = await lowest(playwright);
    const single = await lowest(() => smoke('--grep', one));
    return [
      `the twelve smoke tests of the platform: ${all.toFixed(1)} s, lowest of ${runs}; goal 30 s`,
      `smoke run of one test with one request: ${(single - bare).toFixed(1)} s over the request (${(bare * 1_000).toFixed(1)} ms), lowest of ${runs}; goal 3 s`,
      `  ratio ${(single / alone).toFixed(2)} to Playwright by itself`,
    ];
  } finally {
    await stack.stop();
    await rm(root, { recursive: true, force: true });
  }
}

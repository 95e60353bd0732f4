import { spawnSync } from 'node:child_process';

/** The local stack from nothing to ready, and the whole dry run, both with every tool in the cache. */
const runs = 3;

function seconds(command: readonly string[]): number {
  const from = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['harness/bin.mjs', ...command], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - from) / 1_000;
}

function median(times: number[]): string {
  return (times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0).toFixed(1);
}

export async function bench(): Promise<string[]> {
  const up: number[] = [];
  const gate: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    up.push(seconds(['stack', 'up', '--env', 'local']));
    seconds(['stack', 'down', '--env', 'local']);
    gate.push(seconds(['gate', 'run', 'mono-staging-dry-run', '--env', 'local', '--sign']));
  }
  return [
    `local stack ready, warm: ${median(up)} s, median of ${runs}; goal 10 s`,
    `the dry run from command to signed report, warm: ${median(gate)} s, median of ${runs}; goal 30 s`,
  ];
}

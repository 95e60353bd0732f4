import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `countersign --help` with a warm compile cache against an empty program on the same Node. Goal: at most 1.5 times. */
const runs = 21;

function median(command: readonly string[]): number {
  const times = Array.from({ length: runs }, () => {
    const from = performance.now();
    const { status } = spawnSync(process.execPath, command, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${command.join(' ')} exited with ${status}`);
    return performance.now() - from;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

export async function bench(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  try {
    const empty = join(folder, 'empty.mjs');
    writeFileSync(empty, '');
    median(['harness/bin.mjs', '--help']);
    const nothing = median([empty]);
    const help = median(['harness/bin.mjs', '--help']);
    return [
      `countersign --help: ${help.toFixed(0)} ms, an empty program: ${nothing.toFixed(0)} ms, medians of ${runs}`,
      `  ratio ${(help / nothing).toFixed(2)}, goal 1.50`,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

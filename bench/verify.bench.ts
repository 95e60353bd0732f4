import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { makeRunFolder, testItem, testPerson, testSigners } from '#harness/testing/run-folder.ts';

/**
 * `gate verify` of a signed report with 200 items and 50 MB of evidence against `sha256sum` of that evidence.
 * Goal: at most 1.5 times that, plus 150 ms.
 */
const items = 200;
const files = 100;
const fileBytes = 512 * 1024;
const runs = 7;
/** As long as a gate's report is valid that says nothing else. */
const dayMs = 86_400_000;

function median(command: string, args: readonly string[], cwd: string): number {
  const times = Array.from({ length: runs + 1 }, () => {
    const from = performance.now();
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) throw new Error(`${command} exited with ${status}: ${stdout}${stderr}`);
    return performance.now() - from;
  });
  // The first one only warms the caches.
  return times.slice(1).sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

export async function bench(): Promise<string[]> {
  const elsewhere = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const people = [testPerson('ada', ['release-manager']), testPerson('bob', ['engineering'])];
  const now = new Date();
  const evidence = Object.fromEntries(
    Array.from({ length: files }, (_, index) => [
      `file-${index}.txt`,
      randomBytes(fileBytes / 2).toString('hex'),
    ]),
  );
  await using run = await makeRunFolder({
    people,
    evidence,
    items: Array.from({ length: items }, (_, index) => testItem(`item-${index}`)),
    change(predicate) {
      predicate.validity = {
        not_before: new Date(now.getTime() - 60_000).toISOString(),
        not_after: new Date(now.getTime() - 60_000 + dayMs).toISOString(),
      };
    },
  });
  try {
    for (const person of people) await run.sign(person, { now });
    const signers = join(elsewhere, 'signers.yml');
    await writeFile(signers, stringify(testSigners(people)));
    const sum = median('sh', ['-c', 'sha256sum evidence/* > /dev/null'], run.folder);
    const bin = resolve('harness/bin.mjs');
    const verify = median(
      process.execPath,
      [bin, 'gate', 'verify', run.folder, '--signers', signers],
      elsewhere,
    );
    const goal = 1.5 * sum + 150;
    return [
      `gate verify of ${items} items and ${(files * fileBytes) / 2 ** 20} MB of evidence: ${verify.toFixed(0)} ms, sha256sum: ${sum.toFixed(0)} ms, medians of ${runs}`,
      `  goal ${goal.toFixed(0)} ms (1.5 times sha256sum plus 150 ms), ratio to it ${(verify / goal).toFixed(2)}`,
    ];
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}

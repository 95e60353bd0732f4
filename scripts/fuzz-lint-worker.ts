import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { openProject, readEnvironments } from '#harness/config/project.ts';
import { CountersignError } from '#harness/errors.ts';
import { loadGate } from '#harness/gate/load.ts';
import { type Mutant, mutants } from '#scripts/lint-mutations.ts';
import { lintOracle } from '#scripts/lint-oracle.ts';

export interface Task {
  root: string;
  originals: readonly { name: string; text: string }[];
  seed: number;
  /** How many are made of that seed; those from `from` up to `until` are linted. */
  count: number;
  from: number;
  until: number;
}

export interface Finding {
  seed: number;
  index: number;
  how: string;
  what: string;
}

/** After each mutant, and once before the first. */
export interface Told {
  linted: boolean;
  index: number;
  how: string;
  accepted: boolean;
  /** Of this thread's own work: a busy machine makes no mutant slow. */
  ms: number;
  /** How the one that comes now was made: if nothing more is heard, it is the one that hangs. */
  next: string;
  finding?: Finding;
}

if (parentPort) await lintAll(workerData as Task, (told) => parentPort?.postMessage(told));

async function lintAll(
  { root, originals, seed, count, from, until }: Task,
  tell: (told: Told) => void,
): Promise<void> {
  const project = await openProject(root);
  const environments = await readEnvironments(root);
  const oracle = await lintOracle(root);
  const made = fc.sample(mutants(originals), { seed, numRuns: count });
  const folder = await mkdtemp(join(tmpdir(), 'countersign-fuzz-'));
  const path = join(folder, 'mutant.gate.yml');
  const lint = async ({ bytes }: Mutant): Promise<{ accepted: boolean; what?: string }> => {
    await writeFile(path, bytes);
    try {
      await loadGate(project, relative(root, path), { environments });
    } catch (thrown) {
      const what = whyUnfit(thrown);
      return what === undefined ? { accepted: false } : { accepted: false, what };
    }
    const wrong = oracle(bytes);
    return wrong === undefined ? { accepted: true } : { accepted: true, what: `it passed, though: ${wrong}` };
  };
  try {
    tell({ linted: false, index: from - 1, how: '', accepted: false, ms: 0, next: made[from]?.how ?? '' });
    for (const [index, mutant] of made.entries()) {
      if (index < from || index >= until) continue;
      const before = process.threadCpuUsage();
      const { accepted, what } = await lint(mutant);
      const { user, system } = process.threadCpuUsage(before);
      const ms = (user + system) / 1_000;
      tell({
        linted: true,
        index,
        how: mutant.how,
        accepted,
        ms,
        next: made[index + 1]?.how ?? '',
        ...(what === undefined ? {} : { finding: { seed, index, how: mutant.how, what } }),
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a user should never have been shown. */
export function whyUnfit(thrown: unknown): string | undefined {
  if (!(thrown instanceof CountersignError))
    return `no error of ours: ${String((thrown as Error)?.stack ?? thrown)}`;
  if (thrown.code === 'INTERNAL') return `INTERNAL: ${thrown.message}`;
  const problems = thrown.problems.length > 0 ? thrown.problems : [{ ...thrown, message: thrown.message }];
  for (const { message, where } of problems) {
    if (/\n\s+at /.test(message)) return `a stack trace: ${message}`;
    if (message.trim() === '' || message.includes('[object Object]') || /\bundefined\b/.test(message))
      return `a message that says nothing: ${JSON.stringify(message)}`;
    if (!where?.file) return `no place: ${message}`;
  }
  return undefined;
}

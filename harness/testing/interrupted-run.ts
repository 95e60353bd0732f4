import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Clock } from '../checks/define.ts';
import { systemClock } from '../commands/clock.ts';
import { openProject } from '../config/project.ts';
import { abortRun } from '../gate/abort.ts';
import { type ResumeOptions, resumeGate } from '../gate/resume.ts';
import { type GateRunOptions, type RunnerOptions, runGate } from '../gate/session.ts';
import { testProject } from './cli.ts';

const api = fileURLToPath(new URL('../index.ts', import.meta.url));

/**
 * A kind that reads (`look`) and one that writes (`act`). Each execution leaves a line in `executed.log`, keeps evidence
 * that holds a secret, takes its time, and ends once the file `until` is there.
 */
const config = `import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { defineCheck, Options } from ${JSON.stringify(api)};
import Type from ${JSON.stringify(import.meta.resolve('typebox'))};
const kind = (kind, effects) => defineCheck({
  kind, effects, summary: kind, expect: ['seen == 1'],
  options: Options({ ms: Type.Optional(Type.Integer()), until: Type.Optional(Type.String()) }),
  facts: Type.Object({ seen: Type.Integer() }),
  async measure({ ms = 0, until }, context) {
    appendFileSync(context.resolve('executed.log'), context.item + '\\n');
    await context.artifact('answer.txt', (await context.secret('TOKEN')) + ' said ' + context.item);
    await setTimeout(ms, undefined, { signal: context.signal });
    while (until && !existsSync(context.resolve(until))) await setTimeout(5, undefined, { signal: context.signal });
    return { facts: { seen: 1 } };
  },
});
export default { checks: [kind('look', 'reads'), kind('act', 'writes')] };
`;

export interface TestItem {
  check: 'look' | 'act';
  with?: { ms?: number; until?: string };
  needs?: string[];
  expect?: string[];
  undo?: { check: 'look' | 'act'; with?: { until?: string } };
  retries?: number;
  retry_after?: string;
}

export const TOKEN = 'a-token-that-nobody-may-see';

/** A project with one gate `long`, on an environment that is a rehearsal. */
export async function longGate(
  items: Record<string, TestItem>,
  more: object = {},
  environment: object = {},
): Promise<string> {
  const local = {
    title: 'Local',
    rehearsal: true,
    writes: true,
    secrets: { TOKEN: { env: 'TOKEN' } },
    ...environment,
  };
  return testProject({
    'countersign.config.ts': config,
    'checklists/environments.yml': stringify({ environments: { local } }),
    'checklists/long.gate.yml': stringify({
      gate: 'long',
      title: 'Long',
      environment: 'local',
      ...more,
      items: Object.entries(items).map(([id, item]) => ({ id, title: `Item ${id}`, ...item })),
      sign: { require: [{ role: 'qa' }] },
    }),
  });
}

const quiet = () => {};
export interface Conversation {
  said: string[];
  clock: Clock;
  signal: AbortSignal;
}

async function runner(root: string, given: Partial<Conversation>): Promise<RunnerOptions> {
  return {
    project: await openProject(root),
    env: { TOKEN },
    clock: given.clock ?? systemClock,
    signal: given.signal ?? new AbortController().signal,
    listener: { started: quiet, progress: quiet, attempted: quiet, finished: quiet },
    say: (line) => void given.said?.push(line),
  };
}

export async function runLong(
  root: string,
  given: Partial<Conversation & Pick<GateRunOptions, 'environment'>> = {},
) {
  const { environment } = given;
  return runGate({ ...(await runner(root, given)), cwd: root, gate: 'long', environment });
}

export async function resumeLong(
  root: string,
  given: Partial<Conversation & Pick<ResumeOptions, 'repeat' | 'giveUp' | 'run'>> = {},
) {
  const { repeat = [], giveUp = [], run = 'latest' } = given;
  return resumeGate({ ...(await runner(root, given)), cwd: root, run, repeat, giveUp, who: 'ada' });
}

export async function abortLong(root: string, undo: boolean, given: Partial<Conversation> = {}) {
  return abortRun({ ...(await runner(root, given)), cwd: root, run: 'latest', undo, who: 'ada' });
}

/** A copy of a finished run's project as it was when its journal had so many bytes, and nothing was frozen yet. */
export async function cutBack(root: string, folder: string, bytes: number): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'countersign-cut-'));
  await cp(root, copy, { recursive: true, verbatimSymlinks: true });
  const run = join(copy, '.countersign/runs', basename(folder));
  const journal = await readFile(join(run, 'journal.jsonl'));
  await writeFile(join(run, 'journal.jsonl'), journal.subarray(0, bytes));
  for (const name of ['report.json', 'report.html', 'junit.xml']) await rm(join(run, name), { force: true });
  return copy;
}

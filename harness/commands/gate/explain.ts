import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openProject, type Project } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { explainInterrupted } from '../../gate/explain/interrupted.ts';
import type { Explanation } from '../../gate/explain/obstacle.ts';
import { explainReport } from '../../gate/explain/report.ts';
import { historyOf } from '../../gate/history.ts';
import { readTornJournal } from '../../gate/journal.ts';
import { findRun, lockRun } from '../../gate/run-folder.ts';
import type { Gate } from '../../gate/schema.ts';
import { hasRunFile } from '../../sign/folder.ts';
import { frozenGate } from '../../sign/frozen-gate.ts';
import { afterRevocations } from '../../sign/said/standing.ts';
import { verifyFolder } from '../../sign/verify.ts';
import {
  booleanFlag,
  type Command,
  type Io,
  jsonFlag,
  positionals,
  stringFlag,
  type Terminal,
} from '../command.ts';
import { oneLine, paint } from '../paint.ts';
import { openRun, verification } from './open-run.ts';

export const command: Command = {
  usage: 'RUN [--signers FILE] [--json]',
  about: `
Tells in plain words what keeps a run from GO, and who has to do what, with the commands. RUN is a folder, an id or
\`latest\`. exit code 0 when it could tell, whatever it tells.

example: countersign gate explain latest`,
  flags: {
    signers: { type: 'string', value: 'FILE', summary: "signers file; default: the environment's own" },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const project = await openProject(io.cwd);
    const folder = await findRun(project, io.cwd, name);
    const explanation = (await hasRunFile(folder, 'report.json'))
      ? await ofReport(io, project, name, stringFlag(args, 'signers'))
      : await ofInterrupted(project, name, folder);
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify(explanation, null, 2)}\n`);
    else io.stdout.write(inWords(io.stdout, explanation));
    return 0;
  },
};

async function ofReport(io: Io, project: Project, name: string, signersFile: string | undefined) {
  const run = await openRun(io, name, project);
  const options = await verification(io, run, signersFile);
  const { exit, lines, said = [], count } = await verifyFolder(options);
  const wrong = lines.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`);
  return explainReport({
    run: name,
    signOff: run.statement.predicate,
    gate: await gateOf(run.folder),
    signers: afterRevocations(options.signers.parsed, said),
    said,
    count,
    now: options.now,
    invalid: exit === 4 ? wrong : [],
  });
}

async function ofInterrupted(project: Project, name: string, folder: string): Promise<Explanation> {
  const held = await holderOf(folder);
  const { entries } = readTornJournal(await readFile(join(folder, 'journal.jsonl')));
  const gate = await gateOf(folder);
  const items = gate?.items ?? [];
  const writes = new Set<string>();
  for (const { id, check } of items) {
    if (check && project.kinds.has(check) && (await project.kinds.load(check)).effects === 'writes')
      writes.add(id);
  }
  const history = historyOf(entries);
  return explainInterrupted({
    run: name,
    id: basename(folder),
    history,
    held,
    items: items.map(({ id }) => id),
    writes,
  });
}

/** The process that drives the run, in words, if there is one. */
async function holderOf(folder: string): Promise<string | undefined> {
  try {
    const release = await lockRun(folder);
    await release();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof CountersignError && thrown.code === 'RUN_LOCKED') return thrown.message;
    throw thrown;
  }
}

/** The copy in the folder: what the run is judged by. Without it less can be told. */
async function gateOf(folder: string): Promise<Gate | undefined> {
  if (!(await hasRunFile(folder, 'gate.yml'))) return undefined;
  return await frozenGate(folder);
}

function inWords(
  terminal: Terminal,
  { run, environment, decision, summary, obstacles, notes }: Explanation,
): string {
  const lines = [
    `${run} on ${environment}: ${paint(terminal, 'bold', decision ?? 'no report')}`,
    oneLine(summary),
  ];
  for (const [index, { about, problem, who, todo, commands, holds_up }] of obstacles.entries()) {
    lines.push('', `${index + 1}. ${paint(terminal, 'bold', about)}: ${oneLine(problem)}`);
    if (holds_up.length > 0) lines.push(`   waiting for it: ${holds_up.join(', ')}`);
    if (who.length > 0) lines.push(`   who: ${who.map(person).join(', ')}`);
    if (todo) lines.push(`   do: ${oneLine(todo)}`);
    lines.push(...commands.map((text) => `     ${paint(terminal, 'cyan', text)}`));
  }
  if (notes.length > 0) lines.push('', ...notes.map((text) => `- ${oneLine(text)}`));
  return `${lines.join('\n')}\n`;
}

function person({ id, name, role }: Explanation['obstacles'][number]['who'][number]): string {
  return oneLine(role ? `${name} (${id}, ${role})` : `${name} (${id})`);
}

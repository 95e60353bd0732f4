import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDuration } from '../../config/duration.ts';
import { openProject, type Project } from '../../config/project.ts';
import { messageOf } from '../../errors.ts';
import { listRuns } from '../../gate/run-folder.ts';
import { Memory } from '../../notify/memory.ts';
import type { Told } from '../../notify/notify.ts';
import { type VerifyResult, verifyFolder } from '../../sign/verify.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, type Io, jsonFlag, positionals, stringFlag } from '../command.ts';
import { oneLine } from '../paint.ts';
import { type OpenRun, openRun, verification } from './open-run.ts';
import { type Tidings, tell } from './tell.ts';

interface Reminded {
  run: string;
  event: Tidings['event'] | 'none';
  told: Told[];
  /** Why nobody is told, where that needs a word. */
  note?: string;
}

export const command: Command = {
  usage: '[--within DURATION] [--json]',
  about: `
Tells the people behind \`notify\` of an environment, each once, of the newest run of each gate there: when it waits for
an answer or a signature, and when it is about to expire. For cron; exit code 3 when somebody could not be told.

example: countersign gate remind --within 4h`,
  flags: {
    within: {
      type: 'string',
      value: 'DURATION',
      summary: 'how long before its end a report is expiring; default 4h',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    positionals(args, []);
    const within = parseDuration(stringFlag(args, 'within') ?? '4h');
    const project = await openProject(io.cwd);
    const reminded: Reminded[] = [];
    for (const run of await newestRuns(io, project)) reminded.push(await remind(io, project, run, within));
    const ids = (await listRuns(project)).map((folder) => basename(folder));
    await (await Memory.open(project.state)).keepOnly(new Set(ids));
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify(reminded, null, 2)}\n`);
    else for (const one of reminded) io.stdout.write(`${oneLine(lineOf(one))}\n`);
    return reminded.some(({ told }) => told.some(({ problem }) => problem !== undefined)) ? 3 : 0;
  },
};

/** Of each gate and environment the newest run that has a report: what came before is superseded. */
async function newestRuns(io: Io, project: Project): Promise<OpenRun[]> {
  const newest = new Map<string, OpenRun>();
  for (const folder of await listRuns(project)) {
    if (basename(folder).startsWith('.') || !existsSync(join(folder, 'report.json'))) continue;
    try {
      const run = await openRun(io, folder, project);
      const { gate, environment } = run.statement.predicate;
      const line = JSON.stringify([gate.id, environment.name]);
      if (!newest.has(line)) newest.set(line, run);
    } catch (thrown) {
      io.stderr.write(`${oneLine(`${basename(folder)}: ${messageOf(thrown)}`)}\n`);
    }
  }
  return [...newest.values()];
}

async function remind(io: Io, project: Project, run: OpenRun, within: number): Promise<Reminded> {
  const { run: named, validity } = run.statement.predicate;
  const left = Date.parse(validity.not_after) - systemClock.now().getTime();
  const none = { run: named.id, event: 'none' as const, told: [] };
  if (left <= 0) return none;
  try {
    const result = await verifyFolder(await verification(io, run, undefined));
    if (result.exit === 4) return { ...none, note: 'it is invalid: `countersign gate verify` says why' };
    const event = eventOf(result, left <= within);
    if (!event) return none;
    const missing = result.count?.missing ?? [];
    return { run: named.id, event, told: await tell(io, project, run.statement, { event, missing }) };
  } catch (thrown) {
    return { ...none, note: messageOf(thrown) };
  }
}

/** What people can still do something about: neither a NO_GO nor a run that could not tell. */
function eventOf(
  { exit, statement, withdrawn }: VerifyResult,
  expiring: boolean,
): Tidings['event'] | undefined {
  if (!statement || exit === 1 || withdrawn) return undefined;
  const pending = statement.predicate.items.some(({ state }) => state === 'pending');
  const unsigned = exit === 3 && statement.predicate.decision !== 'INCONCLUSIVE';
  if (expiring && (pending || exit === 0 || unsigned)) return 'expiring';
  return pending || unsigned ? 'waiting' : undefined;
}

function lineOf({ run, event, told, note }: Reminded): string {
  if (note) return `${run}: ${note}`;
  if (event === 'none') return `${run}: nothing to tell`;
  const heard = told.filter(({ problem }) => problem === undefined).map(({ target }) => target);
  if (told.length === 0) return `${run}: ${event}, nobody left to tell`;
  return `${run}: ${event}, told ${heard.join(', ') || 'nobody'}`;
}

import { join, relative } from 'node:path';
import { parseDuration } from '../../config/duration.ts';
import { openProject, type Project } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { decideFates, type Fate } from '../../retention/decide.ts';
import { discardLeftover, discardRun, findLeftovers, type Leftover } from '../../retention/discard.ts';
import { lastGoes } from '../../retention/last-goes.ts';
import { surveyRuns } from '../../retention/survey.ts';
import { systemClock } from '../clock.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  type Io,
  integerFlag,
  jsonFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { oneLine, paint } from '../paint.ts';

export const command: Command = {
  usage: '[--older-than DURATION] [--keep N] [--interrupted] [--yes] [--json]',
  about: `
Says of every run whether it would go and why; with --yes, it goes. What stays: runs that are young, being driven,
imported or unreadable, signed or signable and still valid, the last GO of each gate and environment, the latest run,
runs that did not finish, and every run that the report of one that stays refers to.

example: countersign gate prune --older-than 90d --keep 5`,
  flags: {
    'older-than': { type: 'string', value: 'DURATION', summary: 'age from which a run may go; default 90d' },
    keep: { type: 'string', value: 'N', summary: 'newest of each gate and environment to keep; default 3' },
    interrupted: { type: 'boolean', summary: 'runs that never came to a report may go, too' },
    'dry-run': { type: 'boolean', summary: 'delete nothing; the default' },
    yes: { type: 'boolean', summary: 'delete what may go' },
    ...jsonFlag,
  },
  async run(args, io) {
    positionals(args, []);
    const yes = booleanFlag(args, 'yes');
    if (yes && booleanFlag(args, 'dry-run'))
      throw new CountersignError('USAGE', '--yes and --dry-run contradict each other');
    const project = await openProject(io.cwd);
    const at = systemClock.now();
    const now = at.getTime();
    const runs = await surveyRuns(project.state);
    const held = await lastGoes(runs, { project, cwd: io.cwd, env: io.env, now: at });
    const fates = decideFates(runs, { now, held, ...policyOf(args) });
    const leftovers = await findLeftovers(join(project.state, 'runs'), now);
    const doomed = fates.filter(({ verdict }) => verdict === 'delete');
    if (!booleanFlag(args, 'json')) io.stdout.write(lines(io, fates, leftovers));
    if (yes) await discard(project, doomed, leftovers);
    const bytes = doomed.reduce((sum, { run }) => sum + run.bytes, 0);
    if (booleanFlag(args, 'json')) {
      const runs = fates.map(({ run, verdict, reason }) => ({
        run: run.name,
        verdict,
        reason,
        bytes: run.bytes,
      }));
      const left = leftovers.map(({ path, reason }) => ({ path: relative(io.cwd, path), reason }));
      io.stdout.write(`${JSON.stringify({ deleted: yes, bytes, runs, leftovers: left }, null, 2)}\n`);
      return 0;
    }
    const what = `${doomed.length} of ${fates.length} runs, ${(bytes / 1_048_576).toFixed(1)} MiB`;
    io.stdout.write(yes ? `deleted ${what}\n` : `would delete ${what}; nothing was deleted: --yes does it\n`);
    return 0;
  },
};

function policyOf(args: Arguments) {
  return {
    olderThanMs: parseDuration(stringFlag(args, 'older-than') ?? '90d'),
    keep: integerFlag(args, 'keep', { min: 0, max: 100_000 }) ?? 3,
    interrupted: booleanFlag(args, 'interrupted'),
  };
}

/** One after the other: whoever is cut off in the middle finds the rest as it was. */
async function discard(
  project: Project,
  doomed: readonly Fate[],
  leftovers: readonly Leftover[],
): Promise<void> {
  for (const { run } of doomed) await discardRun(join(project.state, 'runs', run.name));
  for (const leftover of leftovers) await discardLeftover(leftover);
}

function lines(io: Io, fates: readonly Fate[], leftovers: readonly Leftover[]): string {
  const runs = fates.map(({ run, verdict, reason }) => {
    const mark = paint(io.stdout, verdict === 'keep' ? 'green' : 'red', verdict.padEnd(6));
    return `${mark}  ${oneLine(run.name)}  ${paint(io.stdout, 'dim', oneLine(reason))}\n`;
  });
  const rest = leftovers.map(
    ({ path, reason }) =>
      `${paint(io.stdout, 'red', 'delete')}  ${oneLine(relative(io.cwd, path))}  ${paint(io.stdout, 'dim', reason)}\n`,
  );
  return [...runs, ...rest].join('');
}

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { openProject, type Project, readEnvironments } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { recompute } from '../../gate/recompute.ts';
import { REHEARSAL_SIGNERS } from '../../gate/rehearsal.ts';
import { findRun } from '../../gate/run-folder.ts';
import type { Statement } from '../../report/schema.ts';
import { readRunFile } from '../../sign/folder.ts';
import { readSignersFile } from '../../sign/signers-file.ts';
import { readStatement } from '../../sign/statement.ts';
import type { SignersFile } from '../../sign/verify.ts';
import { version } from '../../version.ts';
import { systemClock } from '../clock.ts';
import type { Io } from '../command.ts';

export interface OpenRun {
  folder: string;
  statement: Statement;
}

/** The report of a run that has one. */
export async function openRun(io: Pick<Io, 'cwd'>, name: string, project?: Project): Promise<OpenRun> {
  const folder = project ? await findRun(project, io.cwd, name) : resolve(io.cwd, name);
  if (!existsSync(join(folder, 'report.json'))) {
    throw new CountersignError('RUN_MISSING', `${basename(folder)} has no report: the run did not finish`, {
      hint: '`countersign gate status` tells whether it can be resumed',
    });
  }
  return { folder, statement: readStatement(await readRunFile(folder, 'report.json')) };
}

/** What signing and verifying have in common. */
export async function verification(
  io: Pick<Io, 'cwd'>,
  { folder, statement }: OpenRun,
  signersFile: string | undefined,
) {
  return {
    folder,
    signers: await trustedSigners(io, statement, signersFile),
    now: systemClock.now(),
    version: version(),
    recompute: (report: Statement) => recompute(folder, report),
  };
}

/** The signers file of the environment in the current repo, or the one that was named: never the copy in the folder. */
export async function trustedSigners(
  io: Pick<Io, 'cwd'>,
  { predicate }: Statement,
  named: string | undefined,
): Promise<SignersFile> {
  if (named !== undefined) return readSignersFile(resolve(io.cwd, named), named);
  const { root } = await openProject(io.cwd).catch(() => {
    throw new CountersignError('CONFIG_MISSING', 'outside a repo with gates, the signers must be named', {
      hint: 'give --signers FILE, from a place you trust',
    });
  });
  if (predicate.environment.rehearsal)
    return readSignersFile(join(root, REHEARSAL_SIGNERS), REHEARSAL_SIGNERS);
  const { all } = await readEnvironments(root);
  const file = all[predicate.environment.name]?.signers ?? 'checklists/signers.yml';
  return readSignersFile(join(root, file), file);
}

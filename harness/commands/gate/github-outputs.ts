import { appendFile } from 'node:fs/promises';
import type { GateRun } from '../../gate/session.ts';
import { annotations, jobSummary } from '../../report/github.ts';
import type { Io } from '../command.ts';

/** For GitHub Actions: annotations on the log and a job summary. */
export async function githubOutputs(io: Io, { statement }: GateRun): Promise<void> {
  for (const line of annotations(statement)) io.stderr.write(`${line}\n`);
  const summary = io.env['GITHUB_STEP_SUMMARY'];
  if (summary) await appendFile(summary, jobSummary(statement));
}

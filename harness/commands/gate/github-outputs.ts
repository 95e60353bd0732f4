import { appendFile } from 'node:fs/promises';
import type { GateRun } from '../../gate/session.ts';
import { annotations, jobSummary } from '../../report/github.ts';
import type { Io } from '../command.ts';

/** In GitHub Actions: annotations on the log and a job summary; elsewhere nothing. */
export async function githubOutputs(io: Io, { statement }: GateRun): Promise<void> {
  if (!io.env['GITHUB_ACTIONS']) return;
  for (const line of annotations(statement)) io.stderr.write(`${line}\n`);
  const summary = io.env['GITHUB_STEP_SUMMARY'];
  if (summary) await appendFile(summary, jobSummary(statement));
}

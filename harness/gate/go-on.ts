import { basename } from 'node:path';
import { conduct } from './conduct.ts';
import type { Found, reopen } from './reopen.ts';
import { type GateRun, type RunnerOptions, startRunner } from './session.ts';

/** Drives a run that was opened again to its report, and closes its journal. */
export async function goOn(
  options: RunnerOptions,
  found: Found,
  opened: Awaited<ReturnType<typeof reopen>>,
): Promise<GateRun> {
  const { folder, inputs } = found;
  try {
    options.planned?.(inputs.gate, inputs.environment, folder);
    const runner = startRunner(options, { ...found, ...opened, id: basename(folder) });
    return { id: runner.id, folder, statement: await conduct(runner), signers: runner.signers };
  } finally {
    await opened.journal.close();
  }
}

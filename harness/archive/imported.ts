import { basename, dirname, join } from 'node:path';
import { writeWhole } from '../gate/evidence.ts';

/** Stands beside a run that came from elsewhere: the run's own folder holds what was signed and nothing else. */
export function importedMark(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.imported`);
}

export async function markImported(folder: string, archive: string, at: Date): Promise<void> {
  await writeWhole(importedMark(folder), `${JSON.stringify({ archive, at: at.toISOString() })}\n`);
}

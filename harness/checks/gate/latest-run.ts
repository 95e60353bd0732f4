import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CountersignError } from '../../errors.ts';
import { ENVELOPE_FILE, hasRunFile, readRunFile } from '../../sign/folder.ts';
import { readStatement } from '../../sign/statement.ts';

/** The newest run of a gate that anyone has signed. One that can't be read stands in the way: it is not skipped. */
export async function latestSignedRun(runs: string, gate: string): Promise<string> {
  const names = await readdir(runs).catch((): string[] => []);
  let newest: { folder: string; at: number } | undefined;
  for (const name of names.filter((each) => !each.startsWith('.'))) {
    const folder = join(runs, name);
    if (!(await hasRunFile(folder, ENVELOPE_FILE))) continue;
    const { predicate } = readStatement(await readRunFile(folder, 'report.json'));
    const at = Date.parse(predicate.run.finished_at);
    if (predicate.gate.id === gate && (!newest || at > newest.at)) newest = { folder, at };
  }
  if (newest) return newest.folder;
  throw new CountersignError('NO_DATA', `no run of the gate \`${gate}\` has been signed here`, {
    hint: `run it first: countersign gate run ${gate}, then countersign gate sign`,
  });
}

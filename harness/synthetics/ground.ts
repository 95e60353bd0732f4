import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { filesMatching } from '../config/glob.ts';
import { CountersignError } from '../errors.ts';
import type { KnownEnvironment } from './lint/define.ts';

/** Where files of checks are looked for when none is named. */
const usualFiles = 'synthetics/*.{yml,yaml}';

/** The project around `cwd`; a folder without gates can have checks, too. */
export function rootAround(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'checklists')) || existsSync(join(folder, 'synthetics'))) return folder;
    if (dirname(folder) === folder) return cwd;
  }
}

/** Files of checks by name, else the usual ones; relative to the root. */
export async function checkFiles(root: string, cwd: string, named: readonly string[]): Promise<string[]> {
  if (named.length > 0) return named.map((name) => relative(root, resolve(cwd, name)) || basename(name));
  return filesMatching(root, [usualFiles], 'file of checks', 'name one: FILE');
}

/** The one file of checks that a command is about. */
export async function checkFile(root: string, cwd: string, named: string | undefined): Promise<string> {
  const files = await checkFiles(root, cwd, named === undefined ? [] : [named]);
  const [file] = files;
  if (file !== undefined && files.length === 1) return file;
  throw new CountersignError('USAGE', `there are several files of checks: ${files.join(', ')}`, {
    hint: 'name one',
  });
}

/** Names of what the environments of the project declare. */
export async function knownEnvironments(root: string): Promise<Record<string, KnownEnvironment>> {
  if (!existsSync(join(root, 'checklists', 'environments.yml'))) return {};
  const { readEnvironments } = await import('../config/project.ts');
  const { all } = await readEnvironments(root);
  return Object.fromEntries(
    Object.entries(all).map(([name, { vars = {}, secrets = {}, stack }]) => [
      name,
      {
        vars: Object.keys(vars),
        secrets: [...Object.keys(secrets), ...(stack?.postgres ? ['DATABASE_URL'] : [])],
      },
    ]),
  );
}

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../config/environments.ts';

/** The environment of that name in checklists/environments.yml, where there is one; throws for a file that is not whole. */
export async function projectEnvironment(
  root: string,
  name: string | undefined,
): Promise<Environment | undefined> {
  const file = join(root, 'checklists', 'environments.yml');
  if (name === undefined || !existsSync(file)) return undefined;
  const text = await readFile(file, 'utf8');
  // Judging all that the file says takes longer than many a run: not for what nobody wrote there, or could by an escape.
  if (!text.includes(name) && !text.includes('\\')) return undefined;
  const { readEnvironments } = await import('../../config/project.ts');
  const { all } = await readEnvironments(root);
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

import { glob } from 'node:fs/promises';
import { CountersignError } from '../errors.ts';

/** Files of the project that the globs name, sorted. A glob that names none is an error: nothing would be checked. */
export async function filesMatching(
  root: string,
  patterns: readonly string[],
  what: string,
  hint?: string,
): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const before = found.size;
    for await (const file of glob(pattern, { cwd: root })) found.add(file);
    if (found.size === before) {
      throw new CountersignError('CONFIG_MISSING', `no ${what} matches \`${pattern}\``, hint ? { hint } : {});
    }
  }
  return [...found].sort();
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The groups of all rule files of this folder, as one file. */
export function allRules(): string {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.rules.yml'));
  const groups = files.flatMap(
    (file) => parse(readFileSync(join(import.meta.dirname, file), 'utf8')).groups as unknown[],
  );
  return stringify({ groups });
}

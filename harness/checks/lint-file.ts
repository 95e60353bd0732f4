import { existsSync } from 'node:fs';
import { confine } from '../config/project.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { LintContext } from './define.ts';

/** Reports an option that names a file of the project which is not there, or which no run would open. */
export async function lintFile(context: LintContext, option: string, file: string): Promise<void> {
  try {
    if (existsSync(confine(context.root, file))) return;
    context.report([option], `there is no file \`${file}\``, 'paths are relative to the project');
  } catch (thrown) {
    context.report([option], messageOf(thrown), thrown instanceof CountersignError ? thrown.hint : undefined);
  }
}

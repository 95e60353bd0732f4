import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LintContext } from './define.ts';

/** Reports an option that names a file of the project which is not there. */
export async function lintFile(context: LintContext, option: string, file: string): Promise<void> {
  try {
    await access(resolve(context.root, file));
  } catch {
    context.report([option], `there is no file \`${file}\``, 'paths are relative to the project');
  }
}

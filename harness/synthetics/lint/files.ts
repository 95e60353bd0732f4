import { existsSync } from 'node:fs';
import { confine } from '../../config/project.ts';
import type { Path } from '../../config/yaml.ts';
import { CountersignError } from '../../errors.ts';
import type { LintRule } from './define.ts';

/** Programs and tests that checks name must be files of the project. */
export const lintFiles: LintRule = ({ definition, root }, report) => {
  const lint = (file: string, path: Path) => {
    try {
      if (existsSync(confine(root, file))) return;
      report({ path, message: `there is no file \`${file}\``, hint: 'paths are relative to the project' });
    } catch (thrown) {
      if (!(thrown instanceof CountersignError)) throw thrown;
      report({ path, message: thrown.message, hint: thrown.hint });
    }
  };
  for (const [index, check] of definition.checks.entries()) {
    if (check.type === 'script') lint(check.run, ['checks', index, 'run']);
    if (check.type === 'browser') lint(check.file, ['checks', index, 'file']);
  }
  const { mttr } = definition.alerting ?? {};
  if (mttr !== undefined) lint(mttr, ['alerting', 'mttr']);
};

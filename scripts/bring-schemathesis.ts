import { join } from 'node:path';
import { type Brought, bringPythonTool } from '#scripts/python-tool.ts';

export type Schemathesis = Brought;

export function bringSchemathesis(
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<Schemathesis> {
  const tool = {
    name: 'schemathesis',
    module: 'schemathesis.cli',
    variable: 'COUNTERSIGN_SCHEMATHESIS',
    // The first release whose report and settings are those that we read and write.
    oldest: '4.32.0',
    requirements: join(import.meta.dirname, 'schemathesis.requirements.txt'),
    tells: /, version (\d+\.\d+\.\d+)$/m,
  };
  return bringPythonTool(tool, env, say);
}

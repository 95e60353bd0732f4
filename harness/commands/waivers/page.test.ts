import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { testProject } from '../../testing/cli.ts';
import { runCommand } from '../../testing/in-process.ts';

const page = resolve(import.meta.dirname, '../../../docs/waivers.md');
const idOnPage = 'settings-20261125-3fa9';

/** `[..]` stands for anything within a line, a line `...` for any number of lines. */
function pattern(lines: readonly string[]): RegExp {
  const parts = lines.map((line) =>
    line === '...' ? '(?:.*\\n)*?' : `${line.split('[..]').map(RegExp.escape).join('.*')}\\n`,
  );
  return new RegExp(`^${parts.join('')}$`);
}

it('the page about waivers shows what the commands really print', async () => {
  const text = await readFile(page, 'utf8');
  const [, file = '', gate = ''] = /```yaml file=(\S+)\n([\s\S]*?)```/.exec(text) ?? [];
  const [, console = ''] = /```console\n([\s\S]*?)```/.exec(text) ?? [];
  const root = await testProject({
    [file]: gate,
    'checklists/environments.yml': 'environments: {practice: {title: Practice, rehearsal: true}}\n',
    'settings.env': 'PORT=80\nDATABASE=orders\n',
  });
  let id = idOnPage;
  const steps = console.split(/^\$ countersign /m).slice(1);
  expect(steps.length).toBeGreaterThan(4);
  for (const step of steps) {
    const [line = '', ...expected] = step.trimEnd().split('\n');
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const { stdout, stderr } = await runCommand(
      root,
      words.map((word) => word.replace(idOnPage, id)),
    );
    id = /^settings-\d{8}-[0-9a-f]{4}/.exec(stdout)?.[0] ?? id;
    const said = stdout.replaceAll(id, idOnPage).replace(/^\n/, '');
    if (!pattern(expected).test(said)) expect(`${said}${stderr}`, line).toBe(expected.join('\n'));
  }
});

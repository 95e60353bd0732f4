import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownFiles } from '#scripts/own-files.ts';
import { bringPythonTool } from '#scripts/python-tool.ts';

const help = `Usage: node scripts/lint-yaml.ts [FILE...]

Holds every YAML file of the repo (or the given ones) against yamllint, with the rules of .yamllint: its default ones,
line length apart. Warnings count. Exit code 1 when it finds something, or when there is nothing to look at.
`;

const yamllint = {
  name: 'yamllint',
  module: 'yamllint',
  variable: 'COUNTERSIGN_YAMLLINT',
  // The first with lists of ignored files.
  oldest: '1.35.0',
  requirements: join(import.meta.dirname, 'yamllint.requirements.txt'),
  tells: /^yamllint (\d+\.\d+\.\d+)$/m,
};

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
if (values.help) process.stdout.write(help);
else {
  const files = positionals.length > 0 ? positionals : await ownFiles(['*.yml', '*.yaml', '.yamllint']);
  const { command, version } = await bringPythonTool(yamllint, process.env, (line) =>
    process.stderr.write(`${line}\n`),
  );
  const [program, ...args] = command;
  const child = spawn(program, [...args, '--strict', '--', ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  process.stdout.write(
    `yaml: ${files.length} files, yamllint ${version}${code === 0 ? ', no findings' : ''}\n`,
  );
  process.exitCode = code === 0 && files.length > 0 ? 0 : 1;
}

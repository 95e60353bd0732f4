import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CountersignError } from '../../errors.ts';
import type { Exported, ExportedFile } from '../../synthetics/export/define.ts';
import { loadTarget, targetNames } from '../../synthetics/export/index.ts';
import { lossReport } from '../../synthetics/export/loss-report.ts';
import { type Arguments, booleanFlag, type Command, type Io, jsonFlag, stringFlag } from '../command.ts';
import { resolvedFile } from './resolved.ts';
import { settingsOf } from './settings.ts';

export const command: Command = {
  usage: '--to TARGET [FILE] [--env NAME] [--output DIR] [--set NAME=VALUE] [--strict] [--json]',
  about: `
Writes the checks of a file as another monitor has them: ${targetNames.join(', ')}. One file goes to stdout, several
need --output. What the target can not say, or says otherwise, is told on stderr, check by check and field by field;
with --strict that is an error (1). Secrets stay references in the target's own way; no value of one is read.

example: countersign synthetics export --to gatus --env production --output gatus`,
  flags: {
    to: { type: 'string', value: 'TARGET', summary: targetNames.join(', ') },
    env: { type: 'string', value: 'NAME', summary: 'as in this environment of the file, overrides applied' },
    output: { type: 'string', value: 'DIR', summary: 'write the files there' },
    set: {
      type: 'string',
      value: 'NAME=VALUE',
      multiple: true,
      summary: 'a setting of the target; a wrong name lists those there are',
    },
    'blackbox-version': {
      type: 'string',
      value: 'VERSION',
      summary: 'of blackbox_exporter; the same as --set version=VERSION',
    },
    strict: { type: 'boolean', summary: 'exit with 1 when anything was lost' },
    ...jsonFlag,
  },
  async run(args, io) {
    const name = stringFlag(args, 'to');
    if (name === undefined) {
      throw new CountersignError('USAGE', '--to is missing', { hint: `targets: ${targetNames.join(', ')}` });
    }
    const [named, extra] = args.positionals;
    if (extra !== undefined) throw new CountersignError('USAGE', `\`${extra}\` is one argument too many`);
    const target = await loadTarget(name);
    const version = stringFlag(args, 'blackbox-version');
    const settings = settingsOf(args, target, version === undefined ? [] : [`version=${version}`]);
    const environment = stringFlag(args, 'env');
    const { definition } = await resolvedFile(io, named, environment);
    const exported = target.export(definition, { environment, settings });
    await put(args, io, exported);
    io.stderr.write(lossReport(exported.losses, target.name));
    return booleanFlag(args, 'strict') && exported.losses.length > 0 ? 1 : 0;
  },
};

async function put(args: Arguments, io: Io, { files, losses }: Exported): Promise<void> {
  const output = stringFlag(args, 'output');
  if (output !== undefined) await writeAll(resolve(io.cwd, output), files);
  if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify({ files, losses }, null, 2)}\n`);
  else if (output !== undefined) io.stdout.write(files.map(({ path }) => `${join(output, path)}\n`).join(''));
  else if (files.length === 1) io.stdout.write(files[0]?.text ?? '');
  else {
    throw new CountersignError('USAGE', `there are ${files.length} files to write`, {
      hint: 'name a folder with --output',
    });
  }
}

async function writeAll(folder: string, files: readonly ExportedFile[]): Promise<void> {
  for (const { path, text } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

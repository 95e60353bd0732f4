import { readFile, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CountersignError, messageOf } from '../../errors.ts';
import type { ImportedText } from '../../synthetics/export/define.ts';
import { lossReport } from '../../synthetics/export/loss-report.ts';
import { importerNames, loadImporter } from '../../synthetics/import/index.ts';
import { syntheticsText } from '../../synthetics/import/synthetics-text.ts';
import { booleanFlag, type Command, type Io, jsonFlag, stringFlag } from '../command.ts';

const largestBytes = 8 * 1024 * 1024;

export const command: Command = {
  usage: '--from FORMAT FILE... [--output FILE] [--strict] [--json]',
  about: `
Reads the configuration of another monitor (${importerNames.join(', ')}) and writes it as a file of checks, to stdout
or to --output. What our format can not say, or says otherwise, is told on stderr; with --strict that is an error (1).
A format of several files takes them all: blackbox.yml, prometheus.yml and the rules.

example: countersign synthetics import --from gatus gatus.yaml --output synthetics/imported.yml`,
  flags: {
    from: { type: 'string', value: 'FORMAT', summary: importerNames.join(', ') },
    output: { type: 'string', value: 'FILE', summary: 'write the checks there' },
    strict: { type: 'boolean', summary: 'exit with 1 when anything was lost' },
    ...jsonFlag,
  },
  async run(args, io) {
    const name = stringFlag(args, 'from');
    if (name === undefined) {
      throw new CountersignError('USAGE', '--from is missing', {
        hint: `formats: ${importerNames.join(', ')}`,
      });
    }
    const importer = await loadImporter(name);
    if (args.positionals.length === 0) throw new CountersignError('USAGE', 'FILE is missing');
    const texts = await Promise.all(args.positionals.map((file) => read(io, file)));
    const { definition, losses } = importer.import(texts);
    const text = syntheticsText(definition, `Read from ${importer.name}: ${args.positionals.join(', ')}`);
    const output = stringFlag(args, 'output');
    if (output !== undefined) await writeFile(resolve(io.cwd, output), text);
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify({ definition, losses }, null, 2)}\n`);
    else io.stdout.write(output === undefined ? text : `${output}\n`);
    io.stderr.write(lossReport(losses, importer.name));
    return booleanFlag(args, 'strict') && losses.length > 0 ? 1 : 0;
  },
};

async function read(io: Io, file: string): Promise<ImportedText> {
  const path = resolve(io.cwd, file);
  try {
    const { size } = await stat(path);
    if (size <= largestBytes) return { file, text: await readFile(path, 'utf8') };
  } catch (thrown) {
    throw new CountersignError('CONFIG_MISSING', messageOf(thrown), { where: { file } });
  }
  throw new CountersignError('CONFIG_INVALID', `the file is larger than ${largestBytes} bytes`, {
    where: { file },
  });
}

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { importRun } from '../../archive/import.ts';
import { markImported } from '../../archive/imported.ts';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { systemClock } from '../clock.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  type Io,
  jsonFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { decisionText } from '../paint.ts';

export const command: Command = {
  usage: 'FILE.zip [--to FOLDER] [--json]',
  about: `
Unpacks an archive that \`gate export\` wrote, all of it or nothing: paths that lead elsewhere, links, names that
meet, damaged or oversized files are refused. It proves nothing: \`countersign gate verify\` does.

example: countersign gate import evidence.zip --to received`,
  flags: {
    to: {
      type: 'string',
      value: 'FOLDER',
      summary: 'a folder that is not there yet; default .countersign/runs/<id of the run>',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    const [archive] = positionals(args, ['FILE.zip']);
    const place = await placeFor(args, io);
    const path = resolve(io.cwd, archive);
    if (!existsSync(path)) throw new CountersignError('CONFIG_MISSING', `there is no file \`${archive}\``);
    const { folder, files, statement } = await importRun({ archive: path, ...place });
    const { run, gate, decision } = statement.predicate;
    const shown = relative(io.cwd, folder);
    if (booleanFlag(args, 'json')) {
      io.stdout.write(
        `${JSON.stringify({ run: run.id, gate: gate.id, decision, files, folder: shown }, null, 2)}\n`,
      );
      return 0;
    }
    io.stdout.write(`${shown}: ${files} files, ${gate.title}, says ${decisionText(io.stdout, decision)}\n`);
    io.stdout.write(`verify it: countersign gate verify ${shown} --signers FILE\n`);
    return 0;
  },
};

async function placeFor(args: Arguments, io: Io) {
  const to = stringFlag(args, 'to');
  const project = await openProject(io.cwd).catch(() => undefined);
  const runs = project && join(project.state, 'runs');
  const mark = (folder: string) =>
    dirname(folder) === runs
      ? markImported(folder, positionals(args, ['FILE.zip'])[0], systemClock.now())
      : Promise.resolve();
  if (to === undefined) {
    if (!runs) {
      throw new CountersignError('CONFIG_MISSING', 'outside a repo with gates, the folder must be named', {
        hint: 'give --to FOLDER',
      });
    }
    await mkdir(runs, { recursive: true });
    return { parent: runs, folderOf: (id: string) => join(runs, id), accepted: mark };
  }
  const folder = resolve(io.cwd, to);
  if (!existsSync(dirname(folder)))
    throw new CountersignError('CONFIG_MISSING', `there is no folder \`${dirname(to)}\``);
  return { parent: dirname(folder), folderOf: () => folder, accepted: mark };
}

import { relative, resolve } from 'node:path';
import { exportRun } from '../../archive/export.ts';
import { openProject } from '../../config/project.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag } from '../command.ts';
import { openRun } from './open-run.ts';

export const command: Command = {
  usage: 'RUN [--out FILE.zip] [--json]',
  about: `
Writes the whole folder of a run as one zip archive, to be verified on another machine. The same run gives the same
bytes. RUN is a folder, an id or \`latest\`.

example: countersign gate export latest --out evidence.zip`,
  flags: {
    out: { type: 'string', value: 'FILE.zip', summary: 'default <id of the run>.zip; a file there stays' },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const project = await openProject(io.cwd).catch(() => undefined);
    const { folder, statement } = await openRun(io, name, project);
    const { run } = statement.predicate;
    const out = resolve(io.cwd, stringFlag(args, 'out') ?? `${run.id}.zip`);
    const exported = await exportRun(folder, out);
    const shown = relative(io.cwd, out);
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify({ run: run.id, archive: shown, ...exported }, null, 2)}\n`);
      return 0;
    }
    io.stdout.write(
      `${shown}: ${exported.files} files, ${exported.bytes} bytes\nSHA-256 ${exported.sha256}\n`,
    );
    return 0;
  },
};

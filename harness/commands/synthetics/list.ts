import { join } from 'node:path';
import { parseDuration } from '../../config/duration.ts';
import { checkFiles, rootAround } from '../../synthetics/ground.ts';
import { loadSynthetics } from '../../synthetics/load.ts';
import { nextDue, phaseOf } from '../../synthetics/phase.ts';
import { inEnvironment } from '../../synthetics/resolve.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, type Io, jsonFlag, stringFlag } from '../command.ts';
import { oneLine, paint } from '../paint.ts';

export const command: Command = {
  usage: '[FILE...] [--env NAME] [--json]',
  about: `
Shows each check with its type, its interval and when it is next due. The moment within the interval comes from
the name of the check: it is the same on every machine and after every start.

example: countersign synthetics list --env staging`,
  flags: {
    env: { type: 'string', value: 'NAME', summary: 'as in this environment of the file, overrides applied' },
    ...jsonFlag,
  },
  async run(args, io) {
    const root = rootAround(io.cwd);
    const now = systemClock.now().getTime();
    const listed = [];
    for (const file of await checkFiles(root, io.cwd, args.positionals)) {
      const definition = await loadSynthetics(join(root, file), file);
      for (const { check } of inEnvironment(definition, stringFlag(args, 'env'))) {
        const { name, type, interval, tags, labels, active, description = '' } = check;
        const every = parseDuration(interval);
        listed.push({
          file,
          name,
          type,
          active,
          interval,
          phase_ms: phaseOf(name, every),
          next_due: new Date(nextDue(name, every, now)).toISOString(),
          tags,
          labels,
          description,
        });
      }
    }
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify(listed, null, 2)}\n`);
    else for (const each of listed) show(io, each);
    return 0;
  },
};

interface Listed {
  name: string;
  type: string;
  active: boolean;
  interval: string;
  next_due: string;
  labels: Readonly<Record<string, string>>;
  description: string;
}

function show(
  { stdout }: Io,
  { name, type, active, interval, next_due: due, labels, description }: Listed,
): void {
  const when = active ? `next ${due.slice(11, 23)}` : 'not active';
  const what = [labels['criticality'], description].filter(Boolean).join(': ');
  stdout.write(
    `${name.padEnd(28)} ${type.padEnd(9)} every ${interval.padEnd(6)} ${when.padEnd(17)}  ${paint(stdout, 'dim', oneLine(what))}\n`,
  );
}

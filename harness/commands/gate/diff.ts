import { openProject } from '../../config/project.ts';
import { validateYaml } from '../../config/validate.ts';
import { parseYaml } from '../../config/yaml.ts';
import { CountersignError } from '../../errors.ts';
import { type ComparedRun, compareRuns, type RunDifference } from '../../gate/run-view.ts';
import { parseEnvelope } from '../../sign/dsse.ts';
import { ENVELOPE_FILE, hasRunFile, readRunFile } from '../../sign/folder.ts';
import { SignersSchema } from '../../sign/signers.ts';
import { booleanFlag, type Command, jsonFlag, positionals, type Terminal } from '../command.ts';
import { oneLine, paint } from '../paint.ts';
import { type OpenRun, openRun } from './open-run.ts';

export const command: Command = {
  usage: 'RUN1 RUN2 [--all] [--json]',
  about: `
Shows what changed between two runs of a gate: decision, items, facts with their differences, expectations, options,
versions, environment, people and release. It compares what the folders say and verifies nothing.

example: countersign gate diff release-20261124T080000Z-3fa9 latest`,
  flags: {
    all: { type: 'boolean', summary: 'times and ids, too, which differ between any two runs' },
    ...jsonFlag,
  },
  async run(args, io) {
    const names = positionals(args, ['RUN1', 'RUN2']);
    const project = await openProject(io.cwd).catch(() => undefined);
    const [before, after] = await Promise.all(
      names.map(async (name) => comparedRun(await openRun(io, name, project))),
    );
    if (!before || !after || gateOf(before) !== gateOf(after)) {
      throw new CountersignError(
        'USAGE',
        `${names[0]} is a run of another gate than ${names[1]}: ${before && gateOf(before)}, ${after && gateOf(after)}`,
        { hint: 'two runs of one gate can be compared' },
      );
    }
    const all = compareRuns(before, after);
    const shown = booleanFlag(args, 'all') ? all : all.filter(({ incidental }) => !incidental);
    if (booleanFlag(args, 'json')) {
      const differences = shown.map(({ incidental: _, path, ...rest }) => ({
        path: path.join('.'),
        ...rest,
      }));
      io.stdout.write(
        `${JSON.stringify({ runs: [idOf(before), idOf(after)], differences, left_out: all.length - shown.length }, null, 2)}\n`,
      );
      return 0;
    }
    io.stdout.write(`${gateOf(after)}: ${idOf(before)} → ${idOf(after)}\n`);
    io.stdout.write(table(io.stdout, shown));
    const rest = all.length - shown.length;
    if (rest > 0) io.stdout.write(`${paint(io.stdout, 'dim', `and ${rest} times and ids: --all`)}\n`);
    return 0;
  },
};

const gateOf = ({ statement }: ComparedRun) => statement.predicate.gate.id;
const idOf = ({ statement }: ComparedRun) => statement.predicate.run.id;

async function comparedRun({ folder, statement }: OpenRun): Promise<ComparedRun> {
  if (!(await hasRunFile(folder, ENVELOPE_FILE))) return { statement, signed: [] };
  const { people } = validateYaml(
    SignersSchema,
    parseYaml(await readRunFile(folder, 'signers.yml'), 'signers.yml'),
  );
  const { signatures } = parseEnvelope(await readRunFile(folder, ENVELOPE_FILE));
  const nameOf = (keyid: string) =>
    people.find(({ keys }) => keys.some((key) => key.id === keyid))?.id ?? keyid;
  return { statement, signed: signatures.map(({ keyid }) => nameOf(keyid)).sort() };
}

const LONGEST = 60;
const WIDEST_PATH = 40;

/** Under a heading a section, and one an item: the rest of the path, and what stood and stands there. */
function table(terminal: Terminal, found: readonly RunDifference[]): string {
  if (found.length === 0) return 'the same\n';
  const depth = ({ path }: RunDifference) => (path[0] === 'items' && path.length > 2 ? 2 : 1);
  let heading = '';
  return found
    .map((difference) => {
      const { path } = difference;
      const head = path.slice(0, depth(difference)).join(' ');
      const title = head === heading ? '' : `${paint(terminal, 'bold', oneLine(head))}\n`;
      heading = head;
      const rest = oneLine(path.slice(depth(difference)).join('.'));
      const place = rest && `${rest.padEnd(WIDEST_PATH)}  `;
      return `${title}  ${place}${changeText(terminal, difference)}\n`;
    })
    .join('');
}

function changeText(terminal: Terminal, difference: RunDifference): string {
  const { before, after, change } = difference;
  const [left, right] = [textOf(before), textOf(after)];
  if (!('before' in difference)) return `${paint(terminal, 'green', 'added')} ${cut(right, 0)}`;
  if (!('after' in difference)) return `${paint(terminal, 'red', 'removed')} ${cut(left, 0)}`;
  const by = change === undefined ? '' : `  ${paint(terminal, 'cyan', `(${change})`)}`;
  const from =
    left.length > LONGEST || right.length > LONGEST ? Math.max(0, firstChange(left, right) - 15) : 0;
  return `${cut(left, from)} → ${cut(right, from)}${by}`;
}

function textOf(value: unknown): string {
  return oneLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}

function firstChange(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}

function cut(text: string, from: number): string {
  const shown = `${from > 0 ? '…' : ''}${text.slice(from)}`;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}…` : shown;
}

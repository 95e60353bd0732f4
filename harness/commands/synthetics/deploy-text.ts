import type { Applied } from '../../synthetics/deploy/apply.ts';
import type { Difference, FieldChange, Plan } from '../../synthetics/deploy/define.ts';
import type { Terminal } from '../command.ts';
import { oneLine, paint } from '../paint.ts';

export interface Heading {
  title: string;
  file: string;
  environment: string;
  prune: boolean;
}

/** What a person reads before anything happens: the sum, then each difference, field by field. */
export function planText({ differences, unchanged }: Plan, heading: Heading, terminal: Terminal): string {
  const { title, file, environment, prune } = heading;
  const count = (kind: Difference['kind']) => differences.filter((each) => each.kind === kind).length;
  const deletes = count('delete');
  const sum = [
    `${count('create')} to create`,
    `${count('update')} to update`,
    `${deletes} ${prune ? 'to delete' : 'too many'}`,
    `${unchanged.length} unchanged`,
  ].join(', ');
  const lines = differences.flatMap((difference) => linesOf(difference, prune, terminal));
  const head = paint(terminal, 'bold', `${title}, ${file} in ${environment}: ${sum}`);
  return [head, ...lines, ''].join('\n');
}

const marks = { create: ['+', 'green'], update: ['~', 'yellow'], delete: ['-', 'red'] } as const;

function linesOf(difference: Difference, prune: boolean, terminal: Terminal): string[] {
  const { kind, check } = difference;
  const [mark, colour] = marks[kind];
  const id = 'found' in difference ? ` (${oneLine(difference.found.id)})` : '';
  const first = `${paint(terminal, colour, mark)} ${oneLine(check)}${id}`;
  if (kind === 'update') {
    const again = difference.replace ? '  deleted and created again' : '';
    return [first + again, ...difference.changes.map(changeLine)];
  }
  if (kind === 'create' || prune) return [first];
  return [`${first}  the file does not have it; --prune deletes it`];
}

function changeLine(change: FieldChange): string {
  const { field } = change;
  if (!('from' in change)) return `    ${field}: ${shown(change.to)} (new)`;
  if (!('to' in change)) return `    ${field}: ${shown(change.from)} (goes)`;
  return `    ${field}: ${shown(change.from)} -> ${shown(change.to)}`;
}

const longest = 160;

function shown(value: unknown): string {
  const text = oneLine(JSON.stringify(value) ?? 'nothing');
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

const done = { create: 'created', update: 'updated', delete: 'deleted' } as const;

export function appliedText({ kind, check, problem }: Applied, terminal: Terminal): string {
  if (problem === undefined) return `${paint(terminal, 'green', done[kind])} ${oneLine(check)}\n`;
  const what = paint(terminal, 'red', `could not ${kind}`);
  return `${what} ${oneLine(check)}: ${oneLine(problem)}\n`;
}

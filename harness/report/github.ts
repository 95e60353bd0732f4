import type { Problem } from '../errors.ts';
import { type ReportContext, stoppers } from './approvals.ts';
import { duration } from './html/time.ts';
import type { ItemReport, ItemState, Statement } from './schema.ts';

/** GitHub shows at most ten annotations of each level a step; the summary has the rest. */
const mostAnnotations = 10;

const levels: Partial<Record<ItemState, 'error' | 'warning'>> = {
  failed: 'error',
  error: 'error',
  blocked: 'error',
  pending: 'error',
  flaky: 'warning',
  waived: 'warning',
};

/** Workflow commands, one a line, on the gate's own file. */
export function annotations({ predicate }: Statement): string[] {
  const of = (level: 'error' | 'warning') =>
    predicate.items
      .filter(({ state }) => levels[state] === level)
      .slice(0, mostAnnotations)
      .map((item) => annotation(level, predicate.gate.file, item));
  return [...notUndone(predicate), ...of('error'), ...of('warning')].slice(0, 2 * mostAnnotations);
}

/** What still stands although it was to be taken back. */
function notUndone({ items, gate }: Statement['predicate']): string[] {
  return items.flatMap(({ id, undo }) => {
    if (!undo || undo.state === 'passed') return [];
    const place = { file: gate.file, title: `${id}: NOT UNDONE` };
    return [command('error', place, `what it did still stands: ${undo.reason ?? undo.state}`)];
  });
}

/** A finding of `gate lint`, on its line. */
export function githubAnnotation({ code, message, where, hint }: Problem): string {
  const place = { file: where.file, line: where.line, col: where.column, title: code };
  return command('error', place, hint ? `${message} (${hint})` : message);
}

function annotation(level: string, file: string, { id, title, state, reason }: ItemReport): string {
  return command(level, { file, title: `${id}: ${state}` }, `${title}: ${reason ?? state}`);
}

/** A workflow command, such as an error on a line of a file. */
export function command(
  level: string,
  properties: Record<string, string | number | undefined>,
  message: string,
): string {
  const given = Object.entries(properties)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${escapeProperty(String(value))}`]))
    .join(',');
  return `::${level} ${given}::${escapeData(message)}`;
}

/** A line break in a message would begin a workflow command of somebody else's. */
function escapeData(text: string): string {
  return text.replace(
    /[%\r\n]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Markdown for the page of a workflow run. Whoever reads only this must not see a go that somebody stopped. */
export function jobSummary({ predicate }: Statement, context: Pick<ReportContext, 'said'> = {}): string {
  const { items, gate, run, environment } = predicate;
  const { rejections, withdrawals } = stoppers(context);
  const decision = rejections.length > 0 ? 'NO_GO' : predicate.decision;
  const shown = items.filter(({ state }) => state !== 'passed');
  const passed = items.length - shown.length;
  const row = (state: string, item: string, text: string) =>
    `| ${[state, item, text].map(escapeMarkdown).join(' | ')} |`;
  const rows = [
    ...items.flatMap(({ id, undo }) =>
      undo ? [row(undo.state === 'passed' ? 'undone' : 'NOT UNDONE', id, undo.reason ?? '')] : [],
    ),
    ...shown.map(({ id, title, state, reason }) => row(state, `${id}: ${title}`, reason ?? '')),
  ];
  return [
    `## ${decision.replaceAll('_', ' ')}: ${escapeMarkdown(gate.title)}`,
    '',
    `${passed} of ${items.length} items passed on ${escapeMarkdown(environment.title)} in ${duration(run.duration_ms)}. Run ${escapeMarkdown(run.id)}.`,
    ...(environment.rehearsal ? ['', 'This was a rehearsal: it releases nothing.'] : []),
    ...rejections.flatMap(({ name, words }) => ['', escapeMarkdown(`Rejected by ${name}: ${words}`)]),
    ...withdrawals.flatMap(({ name, words }) => ['', escapeMarkdown(`Withdrawn by ${name}: ${words}`)]),
    ...(rows.length > 0 ? ['', '| State | Item | Reason |', '| --- | --- | --- |', ...rows] : []),
    '',
    '',
  ].join('\n');
}

/** Whatever could be markup, a link or a mention becomes a character reference. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[^\p{L}\p{N} ,;-]/gu, (character) => `&#${character.codePointAt(0)};`);
}

import { type ReportContext, type SaidLine, stoppers } from './approvals.ts';
import { spentMs } from './measurements.ts';
import type { ItemReport, Statement, Undone } from './schema.ts';

/** For build servers: one test case an item. Whoever reads only this file must not see a pass that is none. */
export function renderJunit({ predicate }: Statement, context: Pick<ReportContext, 'said'> = {}): string {
  const { items, gate, run, environment, decision } = predicate;
  const { rejections, withdrawals } = stoppers(context);
  const stopped = [...rejections, ...withdrawals];
  const undone = items.flatMap(({ id, undo }) => (undo ? [{ id, undo }] : []));
  const states = [...items, ...undone.map(({ undo }) => undo)].map(({ state }) => state as string);
  const count = (...wanted: string[]) => states.filter((state) => wanted.includes(state)).length;
  const totals = attributes({
    tests: states.length + stopped.length,
    failures: count('failed') + stopped.length,
    errors: count('error', 'blocked', 'pending'),
    skipped: count('waived', 'rehearsed'),
    time: seconds(run.duration_ms),
  });
  const properties = Object.entries({
    decision,
    environment: environment.name,
    run: run.id,
    gate_sha256: gate.sha256,
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="countersign"${totals}>`,
    `  <testsuite${attributes({ name: gate.id, timestamp: run.started_at })}${totals}>`,
    '    <properties>',
    ...properties.map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
    ...items.map((item) => testCase(gate.id, item)),
    ...undone.map(({ id, undo }) => undoCase(gate.id, id, undo)),
    ...stopped.map((line) => stoppedCase(gate.id, line)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(gate: string, item: ItemReport): string {
  const time = seconds(spentMs(item));
  const open = `    <testcase${attributes({ classname: gate, name: `${item.id}: ${item.title}`, time })}`;
  const body = outcome(item);
  return body ? `${open}>\n      ${body}\n    </testcase>` : `${open}/>`;
}

/** Taking something back is a case of its own: what it did may still stand. */
function undoCase(gate: string, id: string, { state, attempts, reason }: Undone): string {
  const time = seconds(spentMs({ attempts }));
  const open = `    <testcase${attributes({ classname: gate, name: `${id}: undo`, time })}`;
  if (state === 'passed') return `${open}/>`;
  const message = `not undone: ${reason ?? state}`;
  const element = state === 'failed' ? 'failure' : 'error';
  return `${open}>\n      <${element}${attributes({ message, type: state })}/>\n    </testcase>`;
}

/** What a person stopped did not pass, whatever was measured. */
function stoppedCase(gate: string, { kind, person, name, words }: SaidLine): string {
  const did = kind === 'rejection' ? 'rejected it' : 'withdrew the go';
  const open = `    <testcase${attributes({ classname: gate, name: `${person} ${did}`, time: seconds(0) })}>`;
  const failure = `<failure${attributes({ message: `${name} ${did}: ${words}`, type: kind })}/>`;
  return `${open}\n      ${failure}\n    </testcase>`;
}

function outcome({ state, reason, attempts }: ItemReport): string {
  const message = reason ?? state;
  const error = attempts.at(-1)?.error;
  switch (state) {
    case 'passed':
      return '';
    case 'flaky':
      return `<system-out>${escapeXml(`flaky: ${message}`)}</system-out>`;
    case 'failed':
      return `<failure${attributes({ message, type: state })}/>`;
    case 'waived':
    case 'rehearsed':
      return `<skipped${attributes({ message: `${state}: ${message}` })}/>`;
    default:
      return `<error${attributes({ message, type: error?.code ?? state })}/>`;
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** ` name="value"` of an XML element, for each. */
export function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

/** XML 1.0 has no way to write most control characters: they become a question mark. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

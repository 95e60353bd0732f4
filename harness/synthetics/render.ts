import type { Place } from '../errors.ts';
import { command, escapeMarkdown } from '../report/github.ts';
import { attributes, escapeXml } from '../report/junit.ts';
import type { Observation } from './observation.ts';
import { countStates, countsText, stateOfRun } from './outcome.ts';

/** What a run of checks has to tell. */
export interface RunOfChecks {
  file: string;
  environment: string;
  /** RFC 3339. */
  at: string;
  durationMs: number;
  observations: readonly Observation[];
  /** Where a check stands in its file. */
  placeOf(check: string): Place;
}

/** For build servers: one test case a check; `flaky` is a pass that says so. */
export function junitOfRun({ file, environment, at, durationMs, observations }: RunOfChecks): string {
  const { total, failed, error } = countStates(observations);
  const totals = attributes({
    tests: total,
    failures: failed,
    errors: error,
    skipped: 0,
    time: inSeconds(durationMs),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="countersign synthetics"${totals}>`,
    `  <testsuite${attributes({ name: file, timestamp: at })}${totals}>`,
    `    <properties>`,
    `      <property${attributes({ name: 'environment', value: environment })}/>`,
    `    </properties>`,
    ...observations.map((observation) => testCase(file, observation)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(file: string, { check, type, state, reason = state, attempts, saw }: Observation): string {
  const time = inSeconds(attempts.reduce((sum, { timings }) => sum + timings.total, 0));
  const open = `    <testcase${attributes({ classname: `${file}.${type}`, name: check, time })}`;
  if (state === 'passed') return `${open}/>`;
  const body = [
    state === 'flaky'
      ? `<system-out>${escapeXml(`flaky: ${reason}`)}</system-out>`
      : `<${state === 'failed' ? 'failure' : 'error'}${attributes({ message: reason, type: state })}/>`,
    ...(saw && state !== 'flaky' ? [`<system-out>${escapeXml(saw)}</system-out>`] : []),
  ];
  return `${open}>\n      ${body.join('\n      ')}\n    </testcase>`;
}

const inSeconds = (milliseconds: number) => (milliseconds / 1_000).toFixed(3);

/** GitHub shows at most ten annotations of each level a step. */
const mostAnnotations = 10;

/** Workflow commands, one a line, each on the line of its check. */
export function annotationsOfRun({ observations, placeOf }: RunOfChecks): string[] {
  const of = (level: 'error' | 'warning', states: readonly string[]) =>
    observations
      .filter(({ state }) => states.includes(state))
      .slice(0, mostAnnotations)
      .map(({ check, state, reason = state }) => {
        const { file, line, column } = placeOf(check);
        return command(level, { file, line, col: column, title: `${check}: ${state}` }, reason);
      });
  return [...of('error', ['failed', 'error']), ...of('warning', ['flaky'])];
}

/** Markdown for the page of a workflow run. */
export function summaryOfRun({ file, environment, durationMs, observations }: RunOfChecks): string {
  const counts = countStates(observations);
  const rows = observations
    .filter(({ state }) => state !== 'passed')
    .map(({ check, state, reason = '' }) => `| ${[state, check, reason].map(escapeMarkdown).join(' | ')} |`);
  return [
    `## Synthetics ${stateOfRun(counts)}: ${escapeMarkdown(file)}`,
    '',
    `${escapeMarkdown(countsText(counts))} of ${counts.total} checks on ${escapeMarkdown(environment)} in ${inSeconds(durationMs)} s.`,
    ...(rows.length > 0 ? ['', '| State | Check | Reason |', '| --- | --- | --- |', ...rows] : []),
    '',
    '',
  ].join('\n');
}

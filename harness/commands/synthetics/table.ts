import type { Observation, ProbeState, Timings } from '../../synthetics/observation.ts';
import { countStates, countsText, stateOfRun } from '../../synthetics/outcome.ts';
import type { RunOfChecks } from '../../synthetics/render.ts';
import type { Terminal } from '../command.ts';
import { oneLine, paint, seconds, stateMark } from '../paint.ts';

/** What a person reads: what is wrong comes last, next to the sum. */
export function tableOf({ observations, environment, durationMs }: RunOfChecks, terminal: Terminal): string {
  const width = Math.max(...observations.map(({ check }) => check.length), 0);
  const sorted = observations.toSorted((a, b) => rank[a.state] - rank[b.state]);
  const counts = countStates(observations);
  const state = stateOfRun(counts);
  const verdict = paint(terminal, 'bold', paint(terminal, state === 'passed' ? 'green' : 'red', state));
  const sum = `${countsText(counts)} of ${counts.total} on ${environment} (${seconds(Math.round(durationMs))})`;
  return [...sorted.flatMap((each) => linesOf(each, width, terminal)), '', `${verdict}  ${sum}`, ''].join(
    '\n',
  );
}

const rank: Record<ProbeState, number> = { passed: 0, flaky: 1, error: 2, failed: 3 };

function linesOf(
  { check, type, state, reason, timings }: Observation,
  width: number,
  terminal: Terminal,
): string[] {
  const detail = paint(terminal, 'dim', `${type.padEnd(9)} ${timingsText(timings)}`);
  const line = `${stateMark(terminal, state)} ${check.padEnd(width)}  ${detail}`;
  return reason === undefined ? [line] : [line, `            ${oneLine(reason)}`];
}

function timingsText({ total, dns, connect, tls, first_byte: firstByte }: Timings): string {
  const parts = Object.entries({ dns, connect, tls, 'first byte': firstByte }).flatMap(([name, ms]) =>
    ms === undefined || ms < 1 ? [] : [`${name} ${Math.round(ms)}`],
  );
  return `${seconds(Math.round(total))}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

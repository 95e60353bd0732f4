import { isDeepStrictEqual } from 'node:util';
import type { RuleState } from '../../sources/define.ts';
import { shapeOf } from '../../sources/promql-syntax.ts';
import type { WrittenRule } from './rule-files.ts';

export interface Clocks {
  /** Waiting times and ranges of the loaded rules are this much shorter than those of the files. */
  dividedBy: number;
  /** A divided range may have been kept this long, since a rate needs several samples. */
  leastRangeMs: number;
}

export interface Comparison {
  /** In the files, not loaded. */
  missing: string[];
  /** Loaded, not in the files. */
  unexpected: string[];
  differing: { name: string; fields: string[] }[];
}

/** Both directions: what is written must be loaded, and what is loaded must be written. */
export function compareRules(written: WrittenRule[], loaded: RuleState[], clocks: Clocks): Comparison {
  const rest = new Set(loaded);
  const unmatched = written.filter((rule) => {
    const same = [...rest].find((each) => fieldsThatDiffer(rule, each, clocks).length === 0);
    if (same) rest.delete(same);
    return !same;
  });
  const missing: string[] = [];
  const differing: Comparison['differing'] = [];
  for (const rule of unmatched) {
    const [namesake] = [...rest].filter(({ name, type }) => name === rule.name && type === rule.type);
    if (namesake) {
      rest.delete(namesake);
      differing.push({ name: rule.name, fields: fieldsThatDiffer(rule, namesake, clocks) });
    } else missing.push(rule.name);
  }
  return { missing, unexpected: [...rest].map(({ name }) => name), differing };
}

function fieldsThatDiffer(written: WrittenRule, loaded: RuleState, clocks: Clocks): string[] {
  const same = {
    name: written.name === loaded.name && written.type === loaded.type,
    query: sameQuery(written.query, loaded.query, clocks),
    for: sameWait(written.forMs, loaded.duration, clocks),
    keep_firing_for: sameWait(written.keepFiringMs, loaded.keepFiringFor, clocks),
    labels: isDeepStrictEqual(written.labels, { ...loaded.labels }),
    annotations: isDeepStrictEqual(written.annotations, { ...loaded.annotations }),
  };
  return Object.entries(same).flatMap(([field, equal]) => (equal ? [] : [field]));
}

function sameQuery(written: string, loaded: string, clocks: Clocks): boolean {
  const left = shapeOf(written);
  const right = shapeOf(loaded);
  return (
    left.text === right.text &&
    left.durationsMs.length === right.durationsMs.length &&
    left.durationsMs.every((duration, at) => sameRange(duration, right.durationsMs[at] ?? Number.NaN, clocks))
  );
}

function sameRange(written: number, loaded: number, { dividedBy, leastRangeMs }: Clocks): boolean {
  if (dividedBy === 1) return written === loaded;
  const divided = Math.round(written / dividedBy);
  return loaded >= divided && loaded <= Math.min(written, Math.max(divided, leastRangeMs));
}

function sameWait(writtenMs: number, loadedSeconds: number, { dividedBy }: Clocks): boolean {
  const expected = writtenMs === 0 ? 0 : Math.max(1, Math.round(writtenMs / dividedBy));
  return Math.round(loadedSeconds * 1000) === expected;
}

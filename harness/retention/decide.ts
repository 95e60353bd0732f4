import { formatDuration } from '../config/duration.ts';
import { exitOf } from '../gate/verdict.ts';
import type { Decision } from '../report/schema.ts';

/** What a run folder says about itself; nothing of it is verified, so every doubt speaks for keeping. */
export interface KnownRun {
  name: string;
  bytes: number;
  /** Milliseconds since the epoch: of the report, else of the last line of the journal. */
  endedAt: number;
  /** Of a process that drives it now. */
  holder?: number;
  imported: boolean;
  /** `latest` points at it. */
  latest: boolean;
  report?: KnownReport;
  /** Why there is no report to go by, though there should be. */
  unreadable?: string;
}

export interface KnownReport {
  id: string;
  gate: string;
  environment: string;
  decision: Decision;
  signed: boolean;
  validUntil: number;
  /** Ids of other runs that its items speak of. */
  refersTo: ReadonlySet<string>;
}

export interface RetentionPolicy {
  now: number;
  olderThanMs: number;
  /** The newest of each gate and environment that stay, however old. */
  keep: number;
  /** Runs that never came to a report go, too, once they are old enough. */
  interrupted: boolean;
  /** By name or id of a run: why it stays, whatever it says of itself. */
  held?: ReadonlyMap<string, string>;
}

export interface Fate {
  run: KnownRun;
  verdict: 'keep' | 'delete';
  reason: string;
}

/** Every run with what becomes of it and why. Pure. */
export function decideFates(runs: readonly KnownRun[], policy: RetentionPolicy): Fate[] {
  const reasons = new Map<KnownRun, string>();
  const keep = (run: KnownRun, reason: string) => reasons.has(run) || reasons.set(run, reason);
  for (const run of runs) {
    const reason = ownReason(run, policy);
    if (reason) keep(run, reason);
  }
  for (const group of Map.groupBy(runs.filter(hasReport), lineOf).values()) {
    const newestFirst = group.toSorted((a, b) => b.endedAt - a.endedAt);
    for (const run of newestFirst.slice(0, policy.keep))
      keep(run, `among the newest ${policy.keep} of its gate`);
    const goes = newestFirst.filter(({ report }) => exitOf(report.decision) === 0);
    const [lastGo] = goes;
    const lastSigned = goes.find(({ report }) => report.signed);
    if (lastGo) keep(lastGo, 'the last GO of its gate on its environment');
    if (lastSigned) keep(lastSigned, 'the last signed GO of its gate on its environment');
  }
  keepReferred(runs, reasons);
  return runs.map((run) => {
    const reason = reasons.get(run);
    if (reason !== undefined) return { run, verdict: 'keep', reason };
    const age = formatDuration(Math.floor((policy.now - run.endedAt) / 60_000) * 60_000);
    return { run, verdict: 'delete', reason: `${age} old, ${run.report?.decision ?? 'without a report'}` };
  });
}

function ownReason(run: KnownRun, policy: RetentionPolicy): string | undefined {
  const { report } = run;
  const held = policy.held?.get(run.name) ?? policy.held?.get(report?.id ?? '');
  if (held !== undefined) return held;
  if (run.holder !== undefined) return `process ${run.holder} drives it`;
  if (run.imported) return 'it was imported: another machine may no longer have it';
  if (run.unreadable !== undefined) return `its report can not be read: ${run.unreadable}`;
  if (run.latest) return 'it is the latest run';
  if (!report && !policy.interrupted) return 'it did not finish: --interrupted takes such runs, too';
  // A moment that no clock shows is no age, and no end of a validity.
  if (!(policy.now - run.endedAt >= policy.olderThanMs))
    return `younger than ${formatDuration(policy.olderThanMs)}`;
  if (!report || report.validUntil <= policy.now) return undefined;
  if (report.signed) return 'signed and still valid';
  return report.decision === 'NO_GO' ? undefined : 'still valid: it may be signed yet';
}

type Reported = KnownRun & { report: KnownReport };

function hasReport(run: KnownRun): run is Reported {
  return run.report !== undefined;
}

/** Runs of one gate on one environment follow each other. */
export function lineOf({ report }: KnownRun): string {
  return JSON.stringify([report?.gate, report?.environment]);
}

/** Whatever stays takes along what its evidence rests on, and what that rests on in turn. */
function keepReferred(runs: readonly KnownRun[], reasons: Map<KnownRun, string>): void {
  // A map that grows while it is walked: what is added is visited, too.
  for (const [holder] of reasons) {
    for (const run of runs) {
      const isMeant = [run.name, run.report?.id].some((id) => id && holder.report?.refersTo.has(id));
      if (isMeant && !reasons.has(run)) reasons.set(run, `the report of ${holder.name} refers to it`);
    }
  }
}

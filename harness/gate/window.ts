import { parseDuration } from '../config/duration.ts';
import type { WindowConfig, Windows } from '../config/windows.ts';
import { messageOf } from '../errors.ts';
import { instantOf } from './local-time.ts';
import { ruleProblem, windowDays } from './window-days.ts';

/** From `opensAt`, which is inside, to `closesAt`, which is not. */
export interface Opening {
  /** The allow window that opens it; `always` where only deny windows are given. */
  name: string;
  opensAt: Date;
  /** When it is not open any more without a break; `null` when that is beyond the horizon. */
  closesAt: Date | null;
}

export interface WindowState {
  open: boolean;
  /** Windows that the instant lies in, of either kind. */
  active: string[];
  /** Deny windows among them: each of them alone keeps everything shut. */
  deniedBy: string[];
  /** When what is open now is not open any more; `null` when it is shut, or stays open beyond the horizon. */
  closesAt: Date | null;
  /** The first opening that begins later, within 366 days. */
  next: Opening | null;
}

interface Span {
  name: string;
  from: number;
  to: number;
}

const dayMs = 86_400_000;
export const horizonDays = 366;
const longestDays = 31;
const marginDays = 2;

/** Deny beats allow; without an allow window it is open whenever nothing denies. */
export function evaluateWindows(windows: Windows, instant: Date): WindowState {
  const now = instant.getTime();
  const spans = Object.entries(windows).map(([name, window]) => ({
    kind: window.kind,
    spans: spansOf(name, window, now),
  }));
  const of = (kind: WindowConfig['kind']) =>
    spans.filter((each) => each.kind === kind).flatMap((each) => each.spans);
  const hasAllow = spans.some((each) => each.kind === 'allow');
  // Every window that opens before is known; what touches one that opens later does not end there.
  const end = now + (horizonDays + longestDays - marginDays) * dayMs;
  const always = [{ name: 'always', from: Number.NEGATIVE_INFINITY, to: end }];
  const openings = subtract(merge(hasAllow ? of('allow') : always), merge(of('deny')));
  const current = openings.find((span) => contains(span, now));
  const next = openings.find((span) => span.from > now && span.from <= now + horizonDays * dayMs);
  const closing = (span: Span) => (span.to >= end ? null : new Date(span.to));
  const activeAmong = (list: readonly Span[]) => [
    ...new Set(list.filter((span) => contains(span, now)).map((span) => span.name)),
  ];
  return {
    open: current !== undefined,
    active: activeAmong(spans.flatMap((each) => each.spans)).sort(),
    deniedBy: activeAmong(of('deny')).sort(),
    closesAt: current ? closing(current) : null,
    next: next ? { name: next.name, opensAt: new Date(next.from), closesAt: closing(next) } : null,
  };
}

/** Everything about a window that its schema can't say. */
export function windowProblems(window: WindowConfig): string[] {
  const problems: string[] = [];
  if ((window.until === undefined) === (window.duration === undefined)) {
    problems.push('give either `until` or `duration`');
  }
  if (window.duration !== undefined) {
    const duration = parseDuration(window.duration);
    if (duration <= 0 || duration > longestDays * dayMs)
      problems.push(`\`duration\` is above 0 and at most ${longestDays}d`);
  }
  const rule = ruleProblem(window);
  if (rule) problems.push(rule);
  if (problems.length > 0) return problems;
  try {
    spansOf('window', window, Date.parse('2026-01-01T00:00:00Z'));
    return [];
  } catch (thrown) {
    return [messageOf(thrown)];
  }
}

function spansOf(name: string, window: WindowConfig, now: number): Span[] {
  const day = (days: number) => new Date(now + days * dayMs).toISOString().slice(0, 10);
  return windowDays(window, day(-longestDays - marginDays), day(horizonDays + longestDays))
    .map((opens) => ({ name, ...spanOn(opens, window) }))
    .filter((span) => span.from < span.to);
}

/** When a clock change makes a time ambiguous, a deny window is the longest that can be meant. */
function spanOn(day: string, { kind, from, until, duration, zone }: WindowConfig) {
  const [start, end] =
    kind === 'deny' ? (['earlier', 'later'] as const) : (['compatible', 'compatible'] as const);
  const opens = instantOf(day, from, zone, start);
  if (duration !== undefined) {
    return { from: opens, to: instantOf(day, from, zone, end) + parseDuration(duration) };
  }
  const closing = until ?? from;
  const closingDay = closing > from ? day : new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10);
  return { from: opens, to: instantOf(closingDay, closing, zone, end) };
}

function contains({ from, to }: Span, instant: number): boolean {
  return from <= instant && instant < to;
}

/** Spans in order, those that overlap or touch as one, under the name of the first. */
function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from || b.to - a.to)) {
    const last = merged.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else merged.push({ ...span });
  }
  return merged;
}

function subtract(spans: readonly Span[], taken: readonly Span[]): Span[] {
  return taken.reduce<Span[]>(
    (left, cut) =>
      left.flatMap((span) =>
        [
          { ...span, to: Math.min(span.to, cut.from) },
          { ...span, from: Math.max(span.from, cut.to) },
        ].filter(({ from, to }) => from < to),
      ),
    [...spans],
  );
}

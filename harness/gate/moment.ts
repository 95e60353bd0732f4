import { formatDuration, parseDuration } from '../config/duration.ts';
import type { ItemReport, SignOff } from '../report/schema.ts';
import type { Gate } from './schema.ts';

/** How old what an item measured was at a moment of the release. */
export interface Freshness {
  id: string;
  /** -1 where it can't be told. */
  age_ms: number;
  within_ms: number;
  ok: boolean;
}

/**
 * The items that each item needs, by id: those that it names, and those that follow from the cutover. What is measured
 * at the cutover waits for all else that the cutover needs, and the cutover for it. Names of no item are left out.
 */
export function needsOf({ items }: Pick<Gate, 'items'>): Map<string, readonly string[]> {
  const known = new Set(items.map(({ id }) => id));
  const cutover = items.find((item) => item.cutover);
  const last = new Set(items.filter(({ at }) => at === 'cutover').map(({ id }) => id));
  const before = (cutover?.needs ?? []).filter((id) => !last.has(id));
  return new Map(
    items.map(({ id, needs = [] }) => {
      const implied = id === cutover?.id ? last : last.has(id) ? before : [];
      return [id, [...new Set([...needs, ...implied])].filter((need) => known.has(need))];
    }),
  );
}

/** The age of everything that has to be fresh at that moment. A rehearsed item that nobody measured has none. */
export function freshAt(
  gate: Pick<Gate, 'items'>,
  items: readonly ItemReport[],
  moment: 'cutover' | 'sign',
  instant: Date,
): Freshness[] {
  return gate.items.flatMap(({ id, fresh }) => {
    if (fresh?.at !== moment) return [];
    const item = items.find((candidate) => candidate.id === id);
    const began = item?.attempts.at(-1)?.started_at ?? item?.attest?.at;
    if (began === undefined && item?.state === 'rehearsed') return [];
    const age = began === undefined ? -1 : instant.getTime() - Date.parse(began);
    const within = parseDuration(fresh.within);
    return [{ id, age_ms: Math.max(-1, age), within_ms: within, ok: age >= 0 && age <= within }];
  });
}

/** What is measured at the cutover may wait so long for it, such as while others are measured. */
export const AT_CUTOVER_MS = 5 * 60_000;

/** What has to be fresh at the cutover, and what was measured at it, but too long before. */
export function lookAtCutover(
  gate: Pick<Gate, 'items'>,
  items: readonly ItemReport[],
  instant: Date,
): Freshness[] {
  const late = gate.items.flatMap(({ id, at }) => {
    const ended = items.find((item) => item.id === id)?.attempts.at(-1)?.finished_at;
    if (!at || ended === undefined) return [];
    const age = instant.getTime() - Date.parse(ended);
    return age <= AT_CUTOVER_MS ? [] : [{ id, age_ms: age, within_ms: AT_CUTOVER_MS, ok: false }];
  });
  return [...freshAt(gate, items, 'cutover', instant), ...late];
}

/** What is too old, or of an unknown age, at that moment. */
export function staleAt(
  { items }: Pick<SignOff, 'items'>,
  gate: Pick<Gate, 'items'>,
  moment: 'cutover' | 'sign',
  instant: Date,
): Freshness[] {
  return freshAt(gate, items, moment, instant).filter(({ ok }) => !ok);
}

/** For people: `smoke` was measured 2h10m before, and may be 2h old. */
export function showStale({ id, age_ms, within_ms }: Freshness): string {
  const limit = `it may be ${formatDuration(within_ms)} old`;
  if (age_ms < 0) return `when \`${id}\` was measured can not be told; ${limit}`;
  return `\`${id}\` was measured ${formatDuration(Math.ceil(age_ms / 1000) * 1000)} before; ${limit}`;
}

/** Why nothing may go live now: what it would rest on is too old. */
export function whyNoCutover({ fresh }: NonNullable<ItemReport['cutover']>): string | undefined {
  const stale = fresh.filter(({ ok }) => !ok);
  return stale.length > 0 ? `too old at the cutover: ${stale.map(showStale).join('; ')}` : undefined;
}

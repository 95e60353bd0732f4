import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from '../../checks/json.ts';
import type { Difference, FieldChange, Found, Plan, Service, Wanted } from './define.ts';
import { checkOfMarker } from './marker.ts';

/** What has to be done so that the service holds what the file says, in the order of the file. */
export function planOf(
  wanted: readonly Wanted[],
  found: readonly Found[],
  { comparable, fixed }: Pick<Service, 'comparable' | 'fixed'>,
): Plan {
  const byMarker = Map.groupBy(
    found.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ({ marker }) => marker,
  );
  const differences: Difference[] = [];
  const unchanged: string[] = [];
  for (const each of wanted) {
    const [first, ...again] = byMarker.get(each.marker) ?? [];
    byMarker.delete(each.marker);
    const { check } = each;
    if (!first) {
      differences.push({ kind: 'create', check, wanted: each });
      continue;
    }
    const changes = changesBetween(comparable(first.payload), comparable(each.payload));
    const replace = changes.some(({ field }) => field === fixed);
    if (changes.length === 0) unchanged.push(check);
    else differences.push({ kind: 'update', check, wanted: each, found: first, changes, replace });
    for (const other of again) differences.push({ kind: 'delete', check, found: other });
  }
  for (const left of [...byMarker.values()].flat()) {
    differences.push({ kind: 'delete', check: checkOfMarker(left.marker), found: left });
  }
  return { differences, unchanged };
}

/** Field by field; objects are entered, lists are one value each. */
export function changesBetween(from: JsonObject, to: JsonObject, prefix = ''): FieldChange[] {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return keys.flatMap((key) => {
    const field = `${prefix}${key}`;
    const [before, after] = [from[key], to[key]];
    if (isDeepStrictEqual(before, after)) return [];
    if (isObject(before) && isObject(after)) return changesBetween(before, after, `${field}.`);
    return [
      {
        field,
        ...(before === undefined ? {} : { from: before }),
        ...(after === undefined ? {} : { to: after }),
      },
    ];
  });
}

/**
 * Without what says nothing: null, false, empty texts, lists and objects. Services fill in some of these, and leave
 * out others, as they please.
 */
export function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (!isObject(value)) return value;
  const entries = Object.entries(value)
    .map(([key, each]) => [key, withoutNothing(each)] as const)
    .filter(([, each]) => !isNothing(each));
  return Object.fromEntries(entries);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

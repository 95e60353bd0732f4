import { isObject } from '../../checks/json.ts';
import type { Loss } from './define.ts';

/**
 * Reads one object so that nothing of it gets lost in silence: a field is either taken, or told by `rest` as a
 * loss. `T` is a check, a criterion or what else a target translates.
 */
export interface Ledger<T extends object> {
  /** The value of a field, which from now on counts as translated. */
  take<K extends keyof T & string>(field: K): T[K];
  /** A field that was taken, but is not said as it was. */
  lose(field: string, said: unknown, why: string, became?: unknown): void;
  /** Every field that nobody took and that says something, with the reason that goes for all of them. */
  rest(why: string | ((field: string) => string)): void;
  /** The same for an object inside of this one: `success_criteria.2`. */
  inside<U extends object>(prefix: string, value: U): Ledger<U>;
}

/** `prefix` leads from the check to this object. */
export function openLedger<T extends object>(
  check: string,
  value: T,
  losses: Loss[],
  prefix = '',
): Ledger<T> {
  const taken = new Set<string>();
  const ledger: Ledger<T> = {
    take(field) {
      taken.add(field);
      return value[field];
    },
    lose(field, said, why, became) {
      losses.push({
        check,
        field: `${prefix}${field}`,
        said: shown(said),
        ...(became === undefined ? {} : { became: shown(became) }),
        why,
      });
    },
    rest(why) {
      for (const [field, said] of Object.entries(value)) {
        if (taken.has(field) || saysNothing(said)) continue;
        taken.add(field);
        ledger.lose(field, said, typeof why === 'string' ? why : why(field));
      }
    },
    inside: (inner, nested) => openLedger(check, nested, losses, `${prefix}${inner}.`),
  };
  return ledger;
}

function saysNothing(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

const longest = 120;

function shown(said: unknown): string {
  const text = typeof said === 'string' ? said : JSON.stringify(sorted(said));
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

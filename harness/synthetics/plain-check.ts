import type { SyntheticCheck } from './check-schema.ts';
import type { Check } from './definition.ts';
import { checkDefaults } from './load.ts';

const defaults: Readonly<Record<string, unknown>> = { ...checkDefaults, type: 'http', active: true };

/** A check as somebody would write it: without what holds anyway, its name first. */
export function plainCheck(check: Check): SyntheticCheck {
  const { name, ...rest } = check;
  const said = Object.entries(rest).filter(([field, value]) => value !== defaults[field] && !isEmpty(value));
  return { name, ...Object.fromEntries(said) } as SyntheticCheck;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

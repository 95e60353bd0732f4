import { type Notation, rewrite } from './templates.ts';

/** Every string of a value, keys aside, in the notation of somebody else. */
export function rewriteAll(value: unknown, notation: Notation): unknown {
  if (typeof value === 'string') return rewrite(value, notation);
  if (Array.isArray(value)) return value.map((each) => rewriteAll(each, notation));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rewriteAll(each, notation)]));
}

/** Fields of a check in which plain text holds `{{`, which services with that notation would fill in. */
export function bracedFields(check: object): string[] {
  return Object.entries(check).flatMap(([field, value]) => {
    if (!hasBraces(value)) return [];
    if (field !== 'success_criteria' || !Array.isArray(value)) return [field];
    return value.flatMap((criterion, index) =>
      bracedFields(criterion).map((name) => `${field}.${index}.${name}`),
    );
  });
}

function hasBraces(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('{{');
  return typeof value === 'object' && value !== null && Object.entries(value).flat().some(hasBraces);
}

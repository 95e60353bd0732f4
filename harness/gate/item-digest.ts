import { createHash } from 'node:crypto';
import type { GateItem } from './schema.ts';

/** Of all that an item asks for, whatever the spelling of the file; its title and what it covers are for readers. */
export function itemDigest({ title: _title, covers: _covers, ...asked }: GateItem): string {
  return createHash('sha256').update(canonical(asked)).digest('hex');
}

/** Keys in order, no white space: equal values give equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
  return `{${fields.join()}}`;
}

import { createHash } from 'node:crypto';

/** Keys may be account numbers: the end for people, a digest so that two of them stay apart. */
export function createShowKey(mask: boolean): (key: string) => string {
  if (!mask) return (key) => key;
  return (key) =>
    `…${key.length > 8 ? key.slice(-4) : ''} ${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}

import { lstatSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { CountersignError } from '../errors.ts';

/** Absolute path inside the project; refuses whatever leaves it or passes through a link. */
export function confine(root: string, path: string): string {
  const absolute = resolve(root, path);
  const inside = relative(root, absolute);
  if (isAbsolute(path) || inside === '..' || inside.startsWith(`..${sep}`) || path.includes('\0')) {
    throw new CountersignError('PATH_ESCAPES', `\`${path}\` leaves the project`);
  }
  let way = root;
  for (const part of inside.split(sep)) {
    way = join(way, part);
    const entry = lstatSync(way, { throwIfNoEntry: false });
    if (entry?.isSymbolicLink()) {
      throw new CountersignError('PATH_ESCAPES', `\`${path}\` passes through a link`);
    }
  }
  return absolute;
}

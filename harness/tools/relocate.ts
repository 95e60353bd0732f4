import { readFile, writeFile } from 'node:fs/promises';

const descriptor = '/proc/self/fd/9';

/**
 * Lets an unpacked program find its files without being installed. Debian's build reads them from a fixed
 * absolute folder; here that folder's name gives way to one of the same length that leads through an open
 * descriptor, and a small script beside the program opens the descriptor and starts it.
 */
export async function relocate(program: string, fixed: string, folder: string): Promise<void> {
  const bytes = await readFile(program);
  const replacement = Buffer.from(descriptor.padEnd(fixed.length, '/'));
  if (replacement.length !== fixed.length) throw new Error(`the path ${fixed} is too short to be replaced`);
  for (let at = bytes.indexOf(fixed); at >= 0; at = bytes.indexOf(fixed, at)) replacement.copy(bytes, at);
  await writeFile(`${program}.relocated`, bytes, { mode: 0o755 });
  const script = [
    '#!/bin/sh',
    // Relative to the script: the whole cache may be moved.
    'here=$(dirname "$(readlink -f "$0")")',
    `exec 9<"$here/${folder}"`,
    `exec "$here/${program.slice(program.lastIndexOf('/') + 1)}.relocated" "$@"`,
    '',
  ];
  await writeFile(program, script.join('\n'), { mode: 0o755 });
}

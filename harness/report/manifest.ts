import { createHash } from 'node:crypto';
import type { ArtifactRecord } from './schema.ts';

type ManifestEntry = Pick<ArtifactRecord, 'name' | 'sha256' | 'bytes'>;

/** One line a file, `<sha256>  <bytes>  <name>`, in an order that does not depend on who lists the files. */
export function manifestText(files: readonly ManifestEntry[]): string {
  const sorted = [...files].sort(
    (a, b) => compare(a.name, b.name) || compare(a.sha256, b.sha256) || a.bytes - b.bytes,
  );
  return sorted.map((file) => `${file.sha256}  ${file.bytes}  ${escapeName(file.name)}\n`).join('');
}

export function manifestDigest(files: readonly ManifestEntry[]): string {
  return createHash('sha256').update(manifestText(files)).digest('hex');
}

/** A name with a line break could otherwise pass for two entries. */
function escapeName(name: string): string {
  return name.replace(/[\\\n\r]/g, (found) => ({ '\\': '\\\\', '\n': '\\n' })[found] ?? '\\r');
}

/** By UTF-16 code unit: a locale would order the same files differently on another machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

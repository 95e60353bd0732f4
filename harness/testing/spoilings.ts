import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recompute } from '../gate/recompute.ts';
import { type SignersFile, verifyFolder } from '../sign/verify.ts';
import { SIGNED_AT, VERSION } from './run-folder.ts';

/** One thing that somebody did to a run folder. */
export type Spoiling =
  | { kind: 'flip'; file: string; at: number; mask: number }
  | { kind: 'cut'; file: string; at: number }
  | { kind: 'drop'; file: string }
  | { kind: 'add'; file: string }
  | { kind: 'swap'; file: string; with: string };

/** What the files of a folder held before anybody spoilt one, by their path inside it. */
export type Contents = ReadonlyMap<string, Buffer>;

export interface SpoilingOptions {
  /** Flips every so many-th byte, from `offset` on. */
  step?: number;
  offset?: number;
  /** All eight bits of a byte, rather than one of them. */
  allBits?: boolean;
}

const cutEvery = 64;

export async function contentsOf(folder: string): Promise<Contents> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.sort().map(async (path): Promise<[string, Buffer]> => {
    return [path.slice(folder.length + 1), await readFile(path)];
  });
  return new Map(await Promise.all(read));
}

/** Everything that is tried, always in the same order. */
export function* spoilings(contents: Contents, options: SpoilingOptions = {}): Generator<Spoiling> {
  const { step = 1, offset = 0, allBits = false } = options;
  for (const [file, { length }] of contents) {
    for (let at = offset % Math.min(step, length); at < length; at += step) {
      if (allBits) for (let bit = 0; bit < 8; bit += 1) yield { kind: 'flip', file, at, mask: 1 << bit };
      else yield { kind: 'flip', file, at, mask: 1 << ((at * 5 + offset) % 8) };
    }
  }
  const names = [...contents.keys()];
  for (const file of names) {
    yield { kind: 'drop', file };
    yield { kind: 'add', file: `${file}.more` };
    for (let at = 0; at < (contents.get(file)?.length ?? 0); at += cutEvery * step)
      yield { kind: 'cut', file, at };
  }
  for (const [index, file] of names.entries())
    for (const other of names.slice(index + 1)) yield { kind: 'swap', file, with: other };
}

/** Does it, verifies as the right people would, and puts everything back. Returns the exit code. */
export async function exitOfSpoilt(
  folder: string,
  contents: Contents,
  spoiling: Spoiling,
  signers: SignersFile,
): Promise<number> {
  const { file } = spoiling;
  const touched = spoiling.kind === 'swap' ? [file, spoiling.with] : [file];
  await spoil(folder, contents, spoiling);
  try {
    return await exitOfFolder(folder, signers);
  } finally {
    for (const name of touched) {
      const original = contents.get(name);
      if (original) await writeFile(join(folder, name), original);
      else await rm(join(folder, name));
    }
  }
}

export async function exitOfFolder(folder: string, signers: SignersFile): Promise<number> {
  const { exit } = await verifyFolder({
    folder,
    signers,
    now: new Date(SIGNED_AT),
    version: VERSION,
    recompute: (report) => recompute(folder, report),
  });
  return exit;
}

async function spoil(folder: string, contents: Contents, spoiling: Spoiling): Promise<void> {
  const path = join(folder, spoiling.file);
  const bytes = Buffer.from(contents.get(spoiling.file) ?? '');
  switch (spoiling.kind) {
    case 'drop':
      return rm(path);
    case 'add':
      return writeFile(path, '');
    case 'cut':
      return writeFile(path, bytes.subarray(0, spoiling.at));
    case 'swap':
      await writeFile(path, contents.get(spoiling.with) ?? '');
      return writeFile(join(folder, spoiling.with), bytes);
    default:
      bytes[spoiling.at] = (bytes[spoiling.at] ?? 0) ^ spoiling.mask;
      return writeFile(path, bytes);
  }
}

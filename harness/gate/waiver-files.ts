import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { confine } from '../config/confine.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { TrustedKeys } from '../sign/trust.ts';
import { type OpenWaiver, openWaiver } from '../sign/waiver.ts';

export const WAIVER_FOLDER = 'checklists/waivers';
const ending = '.dsse.json';
const largest = 256 * 1024;

/** A file among the waivers: either its bytes, or why they can't be read. */
export type WaiverFile = { id: string; file: string } & ({ bytes: Buffer } | { problem: string });

/** Every file among the waivers of a project, by name; none where there is no such folder. */
export async function readWaivers(root: string): Promise<WaiverFile[]> {
  const folder = confine(root, WAIVER_FOLDER);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
  return Promise.all(names.sort().map((name) => readOne(folder, name)));
}

/** Relative to the project. */
export function waiverFile(id: string): string {
  return `${WAIVER_FOLDER}/${id}${ending}`;
}

async function readOne(folder: string, name: string): Promise<WaiverFile> {
  const id = name.endsWith(ending) ? name.slice(0, -ending.length) : name;
  const file = `${WAIVER_FOLDER}/${name}`;
  if (waiverFile(id) !== file || !/^[a-z][a-z0-9-]*$/.test(id)) {
    return { id, file, problem: `a waiver is a file <id>${ending}` };
  }
  try {
    return { id, file, bytes: await readRegular(join(folder, name)) };
  } catch (thrown) {
    return { id, file, problem: messageOf(thrown) };
  }
}

/** A link could lead to bytes that nobody reviewed. */
async function readRegular(path: string): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error('it is not a regular file');
    if (stat.size > largest) throw new Error(`it has ${stat.size} bytes; at most ${largest} are read`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Opens a file with the keys that are trusted; its id must be its name. */
export function openWaiverFile(
  file: WaiverFile,
  keys: TrustedKeys,
): { bytes: Buffer; waiver: OpenWaiver } | { problem: string } {
  if ('problem' in file) return { problem: file.problem };
  try {
    const waiver = openWaiver(file.bytes, keys, file.file);
    if (waiver.said.id === file.id) return { bytes: file.bytes, waiver };
    return { problem: `${file.file} holds the waiver ${waiver.said.id}` };
  } catch (thrown) {
    if (!(thrown instanceof CountersignError)) throw thrown;
    return { problem: thrown.message };
  }
}

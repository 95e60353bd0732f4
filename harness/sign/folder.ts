import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CountersignError, messageOf } from '../errors.ts';
import type { ArtifactRecord } from '../report/schema.ts';

/** Files of a run folder besides the bundles and the evidence. */
const runFiles = [
  'environment.json',
  'gate.yml',
  'journal.jsonl',
  'junit.xml',
  'report.html',
  'report.json',
  'signers.yml',
] as const;
export type RunFile = (typeof runFiles)[number];
export const ENVELOPE_FILE = 'signoff.dsse.json';
export const EVIDENCE_FOLDER = 'evidence';

const largestFile = 64 * 1024 * 1024;

export function bundleFile(person: string): string {
  return `${person}.sigstore.json`;
}

/** Reads a regular file; a link could lead to bytes that nobody signed. */
export async function readRunFile(folder: string, name: string): Promise<Buffer> {
  const file = await openRegular(folder, name);
  try {
    const { size } = await file.stat();
    if (size > largestFile) throw refusal(`${name} has ${size} bytes; at most ${largestFile} are read`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** No link is followed, and nobody waits for the other end of a pipe. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function openRegular(folder: string, name: string) {
  try {
    const file = await open(join(folder, name), flags);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (thrown) {
    throw unreadable(name, thrown);
  }
  throw refusal(`${name} is not a regular file`);
}

function unreadable(name: string, thrown: unknown): CountersignError {
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return refusal(`${name} is missing`);
  if (code === 'ELOOP') return refusal(`${name} is not a regular file`);
  return refusal(`${name} can not be read: ${messageOf(thrown)}`);
}

export async function hasRunFile(folder: string, name: string): Promise<boolean> {
  return (await lstat(join(folder, name)).catch(() => undefined)) !== undefined;
}

/** What stands in the folder and should not, and what should and does not. */
export async function folderProblems(
  folder: string,
  expected: { signed: boolean; signers: readonly string[]; evidence: readonly string[] },
): Promise<string[]> {
  const top = new Set<string>([...runFiles, ...expected.signers.map(bundleFile)]);
  if (expected.signed) top.add(ENVELOPE_FILE);
  const wantsEvidence = expected.evidence.length > 0;
  const problems = await compareNames(folder, '', top, wantsEvidence ? [EVIDENCE_FOLDER] : []);
  if (await hasRunFile(folder, EVIDENCE_FOLDER)) {
    const evidence = await lstat(join(folder, EVIDENCE_FOLDER));
    if (!evidence.isDirectory()) return [...problems, `${EVIDENCE_FOLDER} is not a folder`];
    const names = new Set(expected.evidence);
    problems.push(...(await compareNames(folder, EVIDENCE_FOLDER, names, [])));
  }
  return problems;
}

async function compareNames(
  folder: string,
  under: string,
  files: ReadonlySet<string>,
  folders: readonly string[],
): Promise<string[]> {
  const entries = await readdir(join(folder, under), { withFileTypes: true });
  const found = new Set(entries.map((entry) => entry.name));
  const missing = [...files, ...folders].filter((name) => !found.has(name));
  const wrong = entries.flatMap((entry) => {
    const path = join(under, entry.name);
    if (entry.isDirectory() && entry.name === EVIDENCE_FOLDER && under === '') return [];
    if (!entry.isFile()) return [`${path} is not a regular file`];
    return files.has(entry.name) ? [] : [`${path} does not belong here`];
  });
  return [...missing.map((name) => `${join(under, name)} is missing`), ...wrong].sort();
}

/** Hashes the stored copy of each file of evidence; the answer lists what is not what it was. */
export function evidenceProblems(folder: string, files: readonly ArtifactRecord[]): string[] {
  const problems: string[] = [];
  const checked = new Map<string, number>();
  for (const file of files) {
    const size = checked.get(file.sha256) ?? hashedSize(folder, file, problems);
    if (size === undefined) continue;
    checked.set(file.sha256, size);
    if (size !== file.bytes) {
      problems.push(`${file.name} is not the file that was kept: it has ${size} bytes, not ${file.bytes}`);
    }
  }
  return problems;
}

/** Nothing else goes on meanwhile: waiting for each of many small files costs more than hashing them. */
function hashedSize(folder: string, record: ArtifactRecord, problems: string[]): number | undefined {
  const path = join(EVIDENCE_FOLDER, record.sha256);
  let file: number;
  try {
    file = openSync(join(folder, path), flags);
  } catch (thrown) {
    problems.push(`${record.name}: ${unreadable(path, thrown).message}`);
    return undefined;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw refusal(`${path} is not a regular file`);
    // Of another size it is another file, however long it would take to hash.
    if (stat.size !== record.bytes || hashWhole(file) === record.sha256) return stat.size;
    problems.push(`${record.name} (${path}) is not the file that was kept`);
  } catch (thrown) {
    problems.push(`${record.name}: ${messageOf(thrown)}`);
  } finally {
    closeSync(file);
  }
  return undefined;
}

const chunk = Buffer.allocUnsafeSlow(1024 * 1024);

function hashWhole(file: number): string {
  const hash = createHash('sha256');
  for (let read = 1; read > 0; ) {
    read = readSync(file, chunk, 0, chunk.length, null);
    hash.update(chunk.subarray(0, read));
  }
  return hash.digest('hex');
}

function refusal(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}

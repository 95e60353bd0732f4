import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { importedMark } from '../archive/imported.ts';
import { messageOf } from '../errors.ts';
import { runHolder } from '../gate/run-folder.ts';
import type { Statement } from '../report/schema.ts';
import { ENVELOPE_FILE, hasRunFile, readRunFile } from '../sign/folder.ts';
import { readStatement } from '../sign/statement.ts';
import type { KnownReport, KnownRun } from './decide.ts';

/** Every run folder under `runs`, sorted by name. */
export async function surveyRuns(state: string): Promise<KnownRun[]> {
  const runs = join(state, 'runs');
  const latest = await readlink(join(state, 'latest')).catch(() => '');
  const entries = await readdir(runs, { withFileTypes: true }).catch(() => []);
  const known: KnownRun[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    known.push(await readRun(join(runs, entry.name), entry.name === basename(latest)));
  }
  return known;
}

async function readRun(folder: string, latest: boolean): Promise<KnownRun> {
  const holder = await runHolder(folder);
  const base = {
    name: basename(folder),
    bytes: await sizeOf(folder),
    imported: (await stat(importedMark(folder)).catch(() => undefined)) !== undefined,
    latest,
    ...(holder ? { holder: holder.pid } : {}),
  };
  if (!(await hasRunFile(folder, 'report.json'))) return { ...base, endedAt: await lastWrite(folder) };
  try {
    const statement = readStatement(await readRunFile(folder, 'report.json'));
    const signed = await hasRunFile(folder, ENVELOPE_FILE);
    const endedAt = Date.parse(statement.predicate.run.finished_at);
    return { ...base, endedAt, report: reportOf(statement, signed) };
  } catch (thrown) {
    return { ...base, endedAt: await lastWrite(folder), unreadable: messageOf(thrown) };
  }
}

function reportOf({ predicate }: Statement, signed: boolean): KnownReport {
  return {
    id: predicate.run.id,
    gate: predicate.gate.id,
    environment: predicate.environment.name,
    decision: predicate.decision,
    signed,
    validUntil: Date.parse(predicate.validity.not_after),
    refersTo: referencesOf(predicate.items),
  };
}

const runId = /[a-z][a-z0-9-]*-\d{8}T\d{6}Z-[0-9a-f]{4}/g;

/** Runs that items measured or were told to look at: the kind `gate` says which, and any other may name one. */
export function referencesOf(items: Statement['predicate']['items']): Set<string> {
  const found = new Set(JSON.stringify(items).match(runId));
  for (const { check, attempts, with: options } of items) {
    if (check !== 'gate') continue;
    for (const { facts } of attempts) {
      const { run } = (facts ?? {}) as { run?: unknown };
      if (typeof run === 'string') found.add(run);
    }
    const folder = (options as { folder?: unknown } | undefined)?.folder;
    if (typeof folder === 'string') found.add(basename(folder));
  }
  return found;
}

async function lastWrite(folder: string): Promise<number> {
  const written = await stat(join(folder, 'journal.jsonl')).catch(() => stat(folder));
  return written.mtimeMs;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

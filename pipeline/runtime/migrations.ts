import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Queryable } from './db.ts';
import { installQueue, isQueueInstalled } from './queue.ts';

const folder = fileURLToPath(new URL('../migrations/', import.meta.url));
const table = 'pgmigrations';

export interface Migrated {
  applied: string[];
}

/** Brings schema and queue tables up to date. The service itself never does: a deploy step runs this. */
export async function migrate(databaseUrl: string, log: (line: string) => void): Promise<Migrated> {
  const done = await runner({
    databaseUrl,
    dir: folder,
    direction: 'up',
    migrationsTable: table,
    checkOrder: true,
    logger: { debug: () => {}, info: () => {}, warn: log, error: log },
  });
  await installQueue(databaseUrl);
  return { applied: done.map((migration) => migration.name) };
}

export function expectedMigrations(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.slice(0, -'.sql'.length))
    .sort();
}

export async function areMigrationsApplied(db: Queryable): Promise<boolean> {
  return (await readMigrations(db)).upToDate;
}

export interface MigrationState {
  upToDate: boolean;
  /** The newest one that was applied. */
  revision: string | null;
}

export async function readMigrations(db: Queryable): Promise<MigrationState> {
  const exists = await db.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [
    table,
  ]);
  if (!exists.rows[0]?.present) return { upToDate: false, revision: null };
  const { rows } = await db.query<{ name: string }>(`SELECT name FROM ${table}`);
  const applied = new Set(rows.map((row) => row.name));
  const isComplete = expectedMigrations().every((name) => applied.has(name));
  return {
    upToDate: isComplete && (await isQueueInstalled(db)),
    revision: [...applied].sort().at(-1) ?? null,
  };
}

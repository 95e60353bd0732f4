import type { Database, Queryable } from './db.ts';
import { ServiceError } from './errors.ts';

export type FlagValue = boolean | number;

export interface Override {
  flag: string;
  /** An instance, or `*` for all. */
  instance: string;
  value: FlagValue;
  updated_by: string;
  updated_at: string;
  /** When it ends by itself; null: never. */
  ends_at: string | null;
}

export interface RunningState {
  flag: string;
  instance: string;
  declared: FlagValue;
  running: FlagValue;
  seen_at: string;
}

export interface OverrideChange {
  flag: string;
  instance: string;
  /** Null takes the override away: the declared value holds again. */
  value: FlagValue | null;
  actor: string;
  reason: string | null;
  /** After so long it ends by itself, whoever forgets it. */
  forSeconds?: number | undefined;
  /** Changes nothing unless the override is still the one of then; null: unless there is none. */
  ifUpdatedAt?: string | null | undefined;
}

/** An instance that has been silent for longer is taken for gone. */
const liveSeconds = 60;

/** To the microsecond: a change is known by its time, and two may fall into one millisecond. */
const utc = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`;
const holds = '(ends_at IS NULL OR ends_at > now())';

export function createFlagStore(db: Database) {
  return {
    async overrides(): Promise<Override[]> {
      const { rows } = await db.query<Override>(
        `SELECT flag, instance_id AS instance, value, updated_by, ${utc('updated_at')}, ${utc('ends_at')}
         FROM flag_overrides WHERE ${holds} ORDER BY flag, instance_id`,
      );
      return rows;
    },

    change: (change: OverrideChange): Promise<void> => db.transaction((tx) => applyChange(tx, change)),

    async report(instance: string, states: { flag: string; declared: FlagValue; running: FlagValue }[]) {
      await db.query(
        `INSERT INTO flag_states (flag, instance_id, declared, running)
         SELECT s.flag, $1, s.declared, s.running
         FROM jsonb_to_recordset($2::jsonb) AS s (flag text, declared jsonb, running jsonb)
         ON CONFLICT (flag, instance_id)
         DO UPDATE SET declared = excluded.declared, running = excluded.running, seen_at = now()`,
        [
          instance,
          JSON.stringify(states.map(({ flag, declared, running }) => ({ flag, declared, running }))),
        ],
      );
    },

    async withdraw(instance: string) {
      await db.query('DELETE FROM flag_states WHERE instance_id = $1', [instance]);
    },

    async states(): Promise<RunningState[]> {
      const { rows } = await db.query<RunningState>(
        `SELECT flag, instance_id AS instance, declared, running, ${utc('seen_at')}
         FROM flag_states WHERE seen_at > now() - make_interval(secs => $1) ORDER BY flag, instance_id`,
        [liveSeconds],
      );
      return rows;
    },
  };
}

/** The override and its audit row stand or fall together. */
async function applyChange(tx: Queryable, change: OverrideChange): Promise<void> {
  const key = [change.flag, change.instance];
  // There may be no row to lock yet.
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key.join(' ')]);
  const before = await tx.query<Pick<Override, 'value' | 'updated_at'>>(
    `SELECT value, ${utc('updated_at')} FROM flag_overrides
     WHERE flag = $1 AND instance_id = $2 AND ${holds}`,
    key,
  );
  const { ifUpdatedAt: expected } = change;
  if (expected !== undefined && (before.rows[0]?.updated_at ?? null) !== expected) {
    throw new ServiceError('CONFLICT', `somebody else has turned ${change.flag} meanwhile`);
  }
  if (change.value === null) {
    await tx.query('DELETE FROM flag_overrides WHERE flag = $1 AND instance_id = $2', key);
  } else {
    await tx.query(
      `INSERT INTO flag_overrides (flag, instance_id, value, updated_by, updated_at, ends_at)
       VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => $5))
       ON CONFLICT (flag, instance_id)
       DO UPDATE SET value = excluded.value, updated_by = excluded.updated_by,
         updated_at = excluded.updated_at, ends_at = excluded.ends_at`,
      [...key, JSON.stringify(change.value), change.actor, change.forSeconds ?? null],
    );
  }
  await tx.query(
    `INSERT INTO flag_audit (flag, instance_id, old_value, new_value, actor, reason)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [...key, jsonOrNull(before.rows[0]?.value), jsonOrNull(change.value), change.actor, change.reason],
  );
}

export type FlagStore = ReturnType<typeof createFlagStore>;

function jsonOrNull(value: FlagValue | null | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';

export type SanctionKind = 'ban' | 'mute' | 'suspend';
export type SanctionScope = 'global' | 'tournament';

export interface Sanction {
  id: string;
  user_id: string;
  kind: SanctionKind;
  scope: SanctionScope;
  reason: string;
  starts_at: string;
  ends_at: string | null;
  revoked_at: string | null;
}

/** What a decision needs to know of one; times in milliseconds. */
export interface Term {
  id: string;
  kind: SanctionKind;
  reason: string;
  startsAt: number;
  endsAt: number;
}

export interface NewSanction {
  userId: string;
  kind: SanctionKind;
  scope: SanctionScope;
  reason: string;
  startsAt?: string | undefined;
  endsAt?: string | undefined;
  actor: string;
}

type Row = Omit<Sanction, 'starts_at' | 'ends_at' | 'revoked_at'> & {
  starts_at: Date;
  ends_at: Date | null;
  revoked_at: Date | null;
};

const columns = 'id, user_id, kind, scope, reason, starts_at, ends_at, revoked_at';

/** Also those that begin later: a term that is kept for a while must not miss its own beginning. */
export async function loadTerms(db: Queryable, userId: string): Promise<Term[]> {
  const { rows } = await db.query<Pick<Row, 'id' | 'kind' | 'reason' | 'starts_at' | 'ends_at'>>(
    `SELECT id, kind, reason, starts_at, ends_at FROM moderation_sanctions
     WHERE user_id = $1 AND scope = 'global' AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > now())
     ORDER BY starts_at, id`,
    [userId],
  );
  return rows.map(({ id, kind, reason, starts_at, ends_at }) => ({
    id,
    kind,
    reason,
    startsAt: starts_at.getTime(),
    endsAt: ends_at?.getTime() ?? Infinity,
  }));
}

export async function createSanction(db: Database, sanction: NewSanction): Promise<Sanction> {
  const { rows } = await db.query<Row>(
    `INSERT INTO moderation_sanctions (user_id, kind, scope, reason, starts_at, ends_at, created_by)
     SELECT id, $2, $3, $4, coalesce($5::timestamptz, now()), $6::timestamptz, $7
     FROM platform_users WHERE id = $1
       AND coalesce($6::timestamptz, 'infinity') > coalesce($5::timestamptz, now())
     RETURNING ${columns}`,
    [
      sanction.userId,
      sanction.kind,
      sanction.scope,
      sanction.reason,
      sanction.startsAt ?? null,
      sanction.endsAt ?? null,
      sanction.actor,
    ],
  );
  if (!rows[0])
    throw new ServiceError('BAD_REQUEST', 'no such user, or a sanction that ends before it begins');
  return sanctionOf(rows[0]);
}

/** Revoking again answers the same and leaves who did it first. */
export async function revokeSanction(db: Database, id: string, actor: string): Promise<Sanction> {
  const { rows } = await db.query<Row>(
    `UPDATE moderation_sanctions SET revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, $2)
     WHERE id = $1 RETURNING ${columns}`,
    [id, actor],
  );
  if (!rows[0]) throw new ServiceError('NOT_FOUND', 'there is no such sanction');
  return sanctionOf(rows[0]);
}

export async function listSanctions(db: Queryable, userId: string | undefined): Promise<Sanction[]> {
  const { rows } = await db.query<Row>(
    `SELECT ${columns} FROM moderation_sanctions WHERE $1::uuid IS NULL OR user_id = $1
     ORDER BY created_at DESC, id LIMIT 100`,
    [userId ?? null],
  );
  return rows.map(sanctionOf);
}

function sanctionOf(row: Row): Sanction {
  return {
    ...row,
    starts_at: row.starts_at.toISOString(),
    ends_at: row.ends_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
  };
}

import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { brokenConstraint, ServiceError } from '#pipeline/runtime/errors.ts';
import { createLogin, type Login } from '#pipeline/runtime/login.ts';
import { hashPassword } from '#pipeline/runtime/passwords.ts';
import type { Role } from '#pipeline/runtime/roles.ts';

export interface UserRow {
  id: string;
  username: string;
  role: string;
  active: boolean;
  date_joined: string;
}

export interface UserPage {
  users: UserRow[];
  page: number;
  page_size: number;
  total_count: number;
}

export interface Member {
  id: string;
  role: Role;
}

export function createMemberLogin(db: Queryable): Login<Member> {
  return createLogin({
    async find(name) {
      const { rows } = await db.query<Member & { hash: string }>(
        'SELECT id, role, password_hash AS hash FROM platform_users WHERE username = $1 AND active',
        [name],
      );
      const [row] = rows;
      return row && { person: { id: row.id, role: row.role }, hash: row.hash };
    },
    refusal: () => new ServiceError('UNAUTHENTICATED', 'name or password is wrong'),
  });
}

type StoredUser = Omit<UserRow, 'date_joined'> & { created_at: Date };

const columns = 'id, username, role, active, created_at';

/** Columns are named: what is secret is never read, so that it cannot be shown. */
export async function listUsers(
  db: Queryable,
  { page, pageSize }: { page: number; pageSize: number },
): Promise<UserPage> {
  const { rows } = await db.query<StoredUser>(
    `SELECT ${columns} FROM platform_users
     ORDER BY created_at, id LIMIT $1 OFFSET $2`,
    [pageSize, (page - 1) * pageSize],
  );
  const total = await db.query<{ count: number }>('SELECT count(*)::int AS count FROM platform_users');
  return {
    users: rows.map(userOf),
    page,
    page_size: pageSize,
    total_count: total.rows[0]?.count ?? 0,
  };
}

/** A member with an empty wallet. Nobody becomes an administrator through the API. */
export async function createMember(db: Database, username: string, password: string): Promise<UserRow> {
  const hash = await hashPassword(password);
  try {
    return await db.transaction(async (tx) => {
      const { rows } = await tx.query<StoredUser>(
        `INSERT INTO platform_users (username, password_hash) VALUES ($1, $2) RETURNING ${columns}`,
        [username, hash],
      );
      const user = userOf(rows[0]);
      await tx.query('INSERT INTO economy_wallets (user_id) VALUES ($1)', [user.id]);
      return user;
    });
  } catch (error) {
    if (brokenConstraint(error) !== 'platform_users_username_key') throw error;
    throw new ServiceError('CONFLICT', 'the name is taken');
  }
}

/**
 * The ledger keeps its users for ever: this one logs in and buys no more, and what is held is set free. Again and
 * again it changes nothing more.
 */
export async function deactivateMember(db: Database, id: string): Promise<UserRow> {
  const { rows } = await db.query<StoredUser>(
    `WITH ended AS (
       UPDATE platform_users SET active = false WHERE id = $1 AND role = 'MEMBER' RETURNING ${columns}
     ), freed AS (
       UPDATE shop_purchases p SET state = 'released' FROM ended JOIN economy_wallets w ON w.user_id = ended.id
       WHERE p.wallet_id = w.id AND p.state = 'authorized'
     ) SELECT * FROM ended`,
    [id],
  );
  return userOf(rows[0]);
}

function userOf(row: StoredUser | undefined): UserRow {
  if (!row) throw new ServiceError('NOT_FOUND', 'there is no such member');
  const { created_at, ...user } = row;
  return { ...user, date_joined: created_at.toISOString() };
}

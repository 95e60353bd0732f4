import type { Queryable } from '#pipeline/runtime/db.ts';

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

/** Columns are named: what is secret is never read, so that it cannot be shown. */
export async function listUsers(
  db: Queryable,
  { page, pageSize }: { page: number; pageSize: number },
): Promise<UserPage> {
  const { rows } = await db.query<Omit<UserRow, 'date_joined'> & { created_at: Date }>(
    `SELECT id, username, role, active, created_at FROM platform_users
     ORDER BY created_at, id LIMIT $1 OFFSET $2`,
    [pageSize, (page - 1) * pageSize],
  );
  const total = await db.query<{ count: number }>('SELECT count(*)::int AS count FROM platform_users');
  return {
    users: rows.map(({ created_at, ...user }) => ({ ...user, date_joined: created_at.toISOString() })),
    page,
    page_size: pageSize,
    total_count: total.rows[0]?.count ?? 0,
  };
}

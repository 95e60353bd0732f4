import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { createLogin, type Login } from '#pipeline/runtime/login.ts';
import { hashPassword, withPasswordTurn } from '#pipeline/runtime/passwords.ts';
import { isUuid } from '#pipeline/shared/uuid.ts';
import { type Audit, audit } from './audit.ts';

export type UserRole = 'USER' | 'ADMIN';

export interface User {
  id: string;
  role: UserRole;
}

export interface Registration {
  email: string;
  password: string;
  phone: string;
  country: string;
  fullName: string | null;
}

/** A user with an empty wallet; EMAIL_TAKEN or PHONE_TAKEN. */
export async function registerUser(
  db: Database,
  person: Registration,
): Promise<{ userId: string; walletId: string }> {
  const hash = await withPasswordTurn(() => hashPassword(person.password));
  const { rows } = await db.query<{ userId: string; walletId: string }>(
    `WITH made AS (
       INSERT INTO app.users (email, phone_e164, country, full_name, password_hash)
       VALUES ($1, $2, $3, $4, $5) RETURNING id
     )
     INSERT INTO app.wallets (user_id) SELECT id FROM made RETURNING user_id AS "userId", id AS "walletId"`,
    [person.email.toLowerCase(), person.phone, person.country.toUpperCase(), person.fullName, hash],
  );
  const [made] = rows;
  if (!made) throw new Error('the statement gave no row');
  return made;
}

export function createUserLogin(db: Queryable): Login<User> {
  return createLogin({
    async find(email) {
      const { rows } = await db.query<User & { hash: string }>(
        'SELECT id, role, password_hash AS hash FROM app.users WHERE email = $1',
        [email],
      );
      const [row] = rows;
      return row && { person: { id: row.id, role: row.role }, hash: row.hash };
    },
    refusal: () => new ServiceError('INVALID_CREDENTIALS', 'address or password is wrong'),
  });
}

/** By now, whatever a token says; undefined for what is no id of a user. */
export async function roleOfUser(db: Queryable, id: string): Promise<UserRole | undefined> {
  if (!isUuid(id)) return undefined;
  const sql = 'SELECT role FROM app.users WHERE id = $1';
  return (await db.query<{ role: UserRole }>(sql, [id])).rows[0]?.role;
}

/** Counts at once, also for tokens that there are. */
export async function setRole(
  db: Database,
  user: { id: string } | { email: string },
  role: UserRole,
  who: Pick<Audit, 'actor' | 'requestId'>,
): Promise<User> {
  const [column, value] = 'id' in user ? ['id', user.id] : ['email', user.email.toLowerCase()];
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<User>(
      `UPDATE app.users SET role = $2 WHERE ${column} = $1 RETURNING id, role`,
      [value, role],
    );
    const [changed] = rows;
    if (!changed) throw new ServiceError('NOT_FOUND', 'User not found');
    await audit(tx, { ...who, action: 'user.role.set', target: changed.id, detail: { role } });
    return changed;
  });
}

import type { Role } from '#pipeline/runtime/auth.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { verifyPassword } from './passwords.ts';

/** Each takes a thread and 32 MiB: more at once would starve the rest of the service. */
const maxAtOnce = 4;
const maxFailures = 10;
const failureWindowMs = 300_000;
const maxNames = 10_000;

export interface Member {
  id: string;
  role: Role;
}

export type Login = (username: string, password: string) => Promise<Member>;

/** Counts on this instance only: what it bounds is guessing, and the work that guessing causes. */
export function createLogin(db: Database, now: () => number = Date.now): Login {
  const failures = new Map<string, { count: number; since: number }>();
  let underWay = 0;

  function assertNotGuessing(name: string): void {
    const seen = failures.get(name);
    if (!seen) return;
    if (now() - seen.since >= failureWindowMs) failures.delete(name);
    else if (seen.count >= maxFailures) {
      throw new ServiceError(
        'TOO_MANY_REQUESTS',
        'too many failed attempts for this name; wait five minutes',
      );
    }
  }

  function countFailure(name: string): void {
    const seen = failures.get(name) ?? { count: 0, since: now() };
    failures.delete(name);
    failures.set(name, { ...seen, count: seen.count + 1 });
    const [oldest] = failures.keys();
    if (failures.size > maxNames && oldest !== undefined) failures.delete(oldest);
  }

  return async (username, password) => {
    const name = username.toLowerCase();
    assertNotGuessing(name);
    if (underWay >= maxAtOnce) throw new ServiceError('BUSY', 'too many logins at once');
    underWay += 1;
    try {
      const { rows } = await db.query<Member & { password_hash: string }>(
        'SELECT id, role, password_hash FROM platform_users WHERE username = $1 AND active',
        [name],
      );
      if (!(await verifyPassword(password, rows[0]?.password_hash)) || !rows[0]) {
        countFailure(name);
        throw new ServiceError('UNAUTHENTICATED', 'name or password is wrong');
      }
      failures.delete(name);
      return { id: rows[0].id, role: rows[0].role };
    } finally {
      underWay -= 1;
    }
  };
}

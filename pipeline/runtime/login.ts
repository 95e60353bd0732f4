import { ServiceError } from './errors.ts';
import { verifyPassword, withPasswordTurn } from './passwords.ts';

const maxFailures = 10;
const failureWindowMs = 300_000;
const maxNames = 10_000;

export interface LoginOptions<Person> {
  /** By the name in lower case, with the hash of the password. */
  find(name: string): Promise<{ person: Person; hash: string } | undefined>;
  /** For a name that there is not as for a password that is wrong. */
  refusal(): ServiceError;
  /** Milliseconds that no change of the clock moves. */
  now?(): number;
}

export type Login<Person> = (name: string, password: string) => Promise<Person>;

/** Counts on this instance only: what it bounds is guessing, and the work that guessing causes. */
export function createLogin<Person>({
  find,
  refusal,
  now = () => performance.now(),
}: LoginOptions<Person>): Login<Person> {
  const failures = new Map<string, { count: number; since: number }>();

  function assertNotGuessing(name: string): void {
    const seen = failures.get(name);
    if (!seen) return;
    const leftMs = seen.since + failureWindowMs - now();
    if (leftMs <= 0) failures.delete(name);
    else if (seen.count >= maxFailures) {
      const message = 'too many failed attempts for this name; wait five minutes';
      throw new ServiceError('TOO_MANY_REQUESTS', message, { retryAfterSeconds: Math.ceil(leftMs / 1000) });
    }
  }

  function countFailure(name: string): void {
    const seen = failures.get(name) ?? { count: 0, since: now() };
    failures.delete(name);
    failures.set(name, { ...seen, count: seen.count + 1 });
    const [oldest] = failures.keys();
    if (failures.size > maxNames && oldest !== undefined) failures.delete(oldest);
  }

  return async (given, password) => {
    const name = given.toLowerCase();
    assertNotGuessing(name);
    return withPasswordTurn(async () => {
      const found = await find(name);
      if (!(await verifyPassword(password, found?.hash)) || !found) {
        countFailure(name);
        throw refusal();
      }
      failures.delete(name);
      return found.person;
    });
  };
}

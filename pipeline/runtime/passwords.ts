import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ServiceError } from './errors.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

// 32 MiB and some 60 ms a hash.
const cost = { N: 32_768, r: 8, p: 1 } as const;
const bytes = 32;
/** Each takes a thread and that memory: more at once would starve the rest of the service. */
const maxAtOnce = 4;
let underWay = 0;

/** Around what a caller asks for; BUSY while as many others as may be are under way. */
export async function withPasswordTurn<T>(work: () => Promise<T>): Promise<T> {
  if (underWay >= maxAtOnce) throw new ServiceError('BUSY', 'too many logins at once');
  underWay += 1;
  try {
    return await work();
  } finally {
    underWay -= 1;
  }
}

const pattern = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]+)\$([\w-]+)$/;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password.normalize('NFKC'), salt, bytes, withMemory(cost));
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Without a hash it takes as long and is false: time must not tell which names exist. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = pattern.exec(hash ?? (await nobody())) ?? [];
  const wanted = Buffer.from(key, 'base64url');
  if (wanted.length !== bytes) return false;
  const options = withMemory({ N: Number(N), r: Number(r), p: Number(p) });
  const given = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64url'), bytes, options);
  return timingSafeEqual(given, wanted) && hash !== undefined;
}

let decoy: Promise<string> | undefined;
function nobody(): Promise<string> {
  decoy ??= hashPassword(randomBytes(16).toString('hex'));
  return decoy;
}

function withMemory(options: { N: number; r: number; p: number }): ScryptOptions {
  return { ...options, maxmem: 256 * options.N * options.r };
}

import { createHmac } from 'node:crypto';
import type { Claims } from './auth.ts';

/** A JWT (HS256), for scripts that must not start the service to get one. */
export function mintToken(secret: string, claims: Claims, ttlSeconds: number, now = new Date()): string {
  const iat = Math.floor(now.getTime() / 1000);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...claims, iat, exp: iat + ttlSeconds })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** In lower case, as PostgreSQL prints them. */
export const uuidPattern = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** Of what may be anything, as in a token: a list with one id is none. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && new RegExp(uuidPattern).test(value);
}

type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A short plain text or number of the answer as text: what may go into a row and a URL. No number that was rounded. */
export function word(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && /^[\w.:/+-]{1,200}$/.test(text) ? text : undefined;
}

/** `12345` hundredths are `123.45`; whole units have no fraction, as XOF is written. */
export function decimalOf(cents: bigint): string {
  const fraction = cents % 100n;
  const units = String(cents / 100n);
  return fraction === 0n ? units : `${units}.${String(fraction).padStart(2, '0')}`;
}

export const msisdnOf = (phone: string) => phone.replace(/^\+/, '');

export const basic = (user: string, secret: string) =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

/** Says a refusal that is for certain, where the provider's own error comes with it: a proxy says none. */
export const isRefusal = (status: number) => [400, 402, 404, 422].includes(status);

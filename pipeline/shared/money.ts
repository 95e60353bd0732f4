/** Minor units (kobo, cents) as bigint on one side, PostgreSQL `numeric` text on the other. No float in between. */

const decimalText = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;

/** 150050n is `1500.50`. */
export function minorToDecimal(minor: bigint, scale = 2): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale > 0 ? `.${digits.slice(digits.length - scale)}` : '';
  return `${minor < 0n ? '-' : ''}${whole}${fraction}`;
}

/** `1500.50` is 150050n. Digits beyond the scale must be zero: money is never rounded in silence. */
export function decimalToMinor(text: string, scale = 2): bigint {
  const match = decimalText.exec(text);
  if (!match) throw new RangeError(`not a decimal amount: ${JSON.stringify(text.slice(0, 40))}`);
  const [, sign, whole, fraction = ''] = match;
  const kept = fraction.slice(0, scale).padEnd(scale, '0');
  if (/[1-9]/.test(fraction.slice(scale))) {
    throw new RangeError(`more than ${scale} decimal places: ${JSON.stringify(text.slice(0, 40))}`);
  }
  const magnitude = BigInt(`${whole}${kept}`);
  return sign === '-' ? -magnitude : magnitude;
}

/** A JSON number as minor units, or undefined when it is no integer or too large to have survived parsing. */
export function minorFromJson(value: unknown): bigint | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

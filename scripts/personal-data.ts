export interface Found {
  /** What it looks like: `e-mail address`, `phone number`, … */
  what: string;
  text: string;
  index: number;
}

interface Pattern {
  what: string;
  pattern: RegExp;
  /** Invented on purpose, or not what it looks like. */
  isHarmless(match: RegExpMatchArray): boolean;
}

const never = () => false;
const digitsOf = (text: string) => text.replace(/\D/g, '');

/** Domains that RFC 2606 and RFC 6761 keep for examples, below any country or none. */
const exampleDomain = /(^|\.)(example(\.[a-z]{2,3}){0,2}|test|invalid|localhost)$/i;

const personal: readonly Pattern[] = [
  {
    what: 'e-mail address',
    pattern: /(?<![\w.+%-]|:\/\/|:)(?<user>[\w.+%-]+)@(?<domain>(?:[a-z0-9-]+\.)+[a-z]{2,})(?![\w/])/gi,
    isHarmless: ({ groups }) => groups?.['user'] === 'git' || exampleDomain.test(groups?.['domain'] ?? ''),
  },
  {
    what: 'phone number',
    pattern: /(?<![\w.+])(?:\+[1-9]\d{0,2}(?:[ -]?\(?\d{2,4}\)?){2,4}|0[789][01]\d{8})(?![\w.:-])/g,
    isHarmless: ([text]) => !isPhoneNumber(text),
  },
  {
    what: 'account number',
    pattern: /(?:account[_ -]?(?:number|no)|nuban|bvn|\bnin)\b["'`]?\s*[:=]\s*["'`]?(?<number>\d{10,11})\b/gi,
    isHarmless: ({ groups }) => isInvented(groups?.['number'] ?? ''),
  },
  {
    what: 'bank account (IBAN)',
    pattern: /\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g,
    isHarmless: ([text]) => !isIban(text),
  },
  {
    what: 'card number',
    pattern: /(?<![\w.-])[3-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}(?![\w.-])/g,
    isHarmless: ([text]) => !passesLuhn(digitsOf(text)) || testCards.has(digitsOf(text)),
  },
];

const secret: readonly Pattern[] = [
  {
    what: 'key',
    pattern:
      /\b(?:(?:sk|pk|rk)_live_|live_(?:sk|pk)_)\w{8,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{30,}|\bgithub_pat_\w{30,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}\b/g,
    isHarmless: ([text]) => text.endsWith('EXAMPLE'),
  },
  {
    what: 'private key',
    pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/=]{16,}/g,
    isHarmless: never,
  },
  {
    what: 'password hash',
    pattern:
      /(?:\bscrypt\$\d+\$\d+\$\d+\$|\bpbkdf2_sha\d+\$\d+\$|\$argon2(?:id|[di])\$v=\d+\$|\$2[aby]\$\d\d\$)[\w./+=,$-]{16,}/g,
    isHarmless: never,
  },
  { what: 'token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/g, isHarmless: never },
];

/** Card numbers that the schemes publish for tests. */
const testCards = new Set(['4242424242424242', '4111111111111111', '5555555555554444', '4000000000000002']);

/** What looks like data of a person: addresses, phones, accounts, cards that nobody has made up. */
export function findPersonalData(text: string): Found[] {
  return find(personal, text);
}

/** What looks like a key or a token that opens something. */
export function findSecrets(text: string): Found[] {
  return find(secret, text);
}

function find(patterns: readonly Pattern[], text: string): Found[] {
  const found = patterns.flatMap(({ what, pattern, isHarmless }) =>
    [...text.matchAll(pattern)]
      .filter((match) => !isHarmless(match))
      .map((match) => ({ what, text: match[0], index: match.index })),
  );
  return found.sort((a, b) => a.index - b.index);
}

/** Enough of it to find the place, not enough to hand it on. */
export function masked({ text }: Found): string {
  const shown = text.slice(0, Math.min(4, Math.floor(text.length / 3)));
  return `${shown}${'*'.repeat(6)}`.replaceAll(/\s/g, ' ');
}

function isPhoneNumber(text: string): boolean {
  const digits = digitsOf(text);
  const isFiction = /^1\d{3}55501\d\d$|^447700900\d{3}$/.test(digits);
  return digits.length >= 9 && digits.length <= 15 && !isFiction && !isInvented(digits.slice(-10));
}

/** A run up or down, one digit again and again: nobody's number. */
function isInvented(number: string): boolean {
  const runs = ['01234567890123456789', '98765432109876543210'];
  const parts = Array.from({ length: number.length - 6 }, (_, at) => number.slice(at, at + 7));
  return /(\d)\1{5}/.test(number) || parts.some((part) => runs.some((run) => run.includes(part)));
}

function isIban(text: string): boolean {
  const turned = `${text.slice(4)}${text.slice(0, 4)}`;
  const number = turned.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(number) % 97n === 1n;
}

function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

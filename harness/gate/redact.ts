import { withoutTorn } from './torn-secrets.ts';

const MARK = '[redacted]';

/** Replaces every known secret, in each spelling in which it may show up in text or JSON. */
export class Redactor {
  readonly #spellings = new Set<string>();
  #pattern: RegExp | undefined;
  #count: number;

  /** `counted`: how many were replaced before, by earlier runners of the same run. */
  constructor(counted = 0) {
    this.#count = counted;
  }

  /** How many secrets were replaced so far. */
  get count(): number {
    return this.#count;
  }

  add(secret: string): void {
    for (const spelling of spellingsOf(secret)) this.#spellings.add(spelling);
    this.#pattern = undefined;
  }

  text(text: string): string {
    if (this.#spellings.size === 0) return text;
    this.#pattern ??= patternOf([...this.#spellings]);
    const whole = text.replace(this.#pattern, () => {
      this.#count += 1;
      return MARK;
    });
    const redacted = withoutTorn(whole, this.#spellings, MARK);
    if (redacted !== whole) this.#count += 1;
    return redacted;
  }

  /** Bytes of any encoding: what can't be a secret's bytes comes through unchanged. */
  bytes(bytes: Uint8Array): Buffer {
    const latin = Buffer.from(bytes).toString('latin1');
    return Buffer.from(this.text(latin), 'latin1');
  }

  /** Every string of a JSON value, keys included. */
  json<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (Array.isArray(value)) return value.map((item) => this.json(item)) as T;
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [this.text(key), this.json(item)]),
      ) as T;
    }
    return value;
  }
}

function spellingsOf(secret: string): string[] {
  const utf8 = Buffer.from(secret, 'utf8');
  const base64 = utf8.toString('base64');
  const plain = [
    secret,
    ...inUrls(secret),
    ...inHtml(secret),
    JSON.stringify(secret).slice(1, -1),
    // As PHP writes it.
    JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
    // As Python writes it.
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[^ -~]/g, asEscape),
    base64,
    base64.replace(/=+$/, ''),
    utf8.toString('base64url'),
    utf8.toString('hex'),
    ...insideBase64(utf8),
  ];
  // Evidence is redacted as bytes, each read as one character.
  const asBytes = plain.map((spelling) => Buffer.from(spelling, 'utf8').toString('latin1'));
  return [...plain, ...asBytes].filter((spelling) => spelling.length >= 4);
}

function asEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** In a form or a query, and as an address has it that was put together as text: each leaves other characters alone. */
function inUrls(secret: string): string[] {
  const address = new URL('http://host');
  address.search = secret;
  // An address drops what dots lead out of: what is left may be an ordinary word.
  if (!/(?:^|[/\\])(?:\.|%2e)/i.test(secret)) address.pathname = secret;
  return [
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    address.search.slice(1),
    address.pathname.slice(1),
  ];
}

/** As pages show it that repeat what they were asked: three ways to write quotation marks. */
function inHtml(secret: string): string[] {
  const text = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    ['&quot;', '&#39;'],
    ['&quot;', '&#x27;'],
    ['&#34;', '&#39;'],
  ].map(([double = '', single = '']) => text.replaceAll('"', double).replaceAll("'", single));
}

/** What base64 makes of a secret that stands inside other text, such as `user:password`: three ways to fall. */
function insideBase64(utf8: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), utf8]).toString('base64url');
    const first = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + utf8.length) * 8) / 6);
    const core = text.slice(first, end);
    return [core, core.replaceAll('-', '+').replaceAll('_', '/')];
  });
}

/** Longest first: where one secret begins with another, the whole of it has to go. */
function patternOf(spellings: readonly string[]): RegExp {
  const sorted = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map((spelling) => RegExp.escape(spelling)).join('|'), 'g');
}

import { CountersignError, type ErrorCode } from '../errors.ts';

export interface StrictJsonOptions {
  /** Name of what is parsed, for the message. */
  what: string;
  maxBytes: number;
  code?: ErrorCode;
}

/** Deep nesting buys nothing in a report and could exhaust the stack. */
const maxDepth = 100;

const text = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const space = /[ \t\n\r]*/y;
const words: Record<string, boolean | null> = { true: true, false: false, null: null };

/**
 * JSON that has one meaning for every reader. `JSON.parse` keeps the last of two equal keys, other parsers the
 * first: a report could then say FAILED to one and PASSED to another.
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): unknown {
  const refuse = (message: string): never => {
    throw new CountersignError(options.code ?? 'REPORT_INVALID', `${options.what} ${message}`);
  };
  if (bytes.length > options.maxBytes) {
    return refuse(`has ${bytes.length} bytes; at most ${options.maxBytes} are read`);
  }
  return new Scanner(decode(bytes, refuse), refuse).document();
}

function decode(bytes: Uint8Array, refuse: (message: string) => never): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('is not UTF-8');
  }
}

class Scanner {
  readonly #source: string;
  readonly #refuse: (message: string) => never;
  #at = 0;

  constructor(source: string, refuse: (message: string) => never) {
    this.#source = source;
    this.#refuse = refuse;
  }

  document(): unknown {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#source.length) this.#fail('has text after its end');
    return value;
  }

  #value(depth: number): unknown {
    if (depth > maxDepth) this.#fail(`is nested deeper than ${maxDepth} levels`);
    this.#skipSpace();
    const first = this.#source[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#text();
    return this.#scalar();
  }

  #object(depth: number): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    this.#at += 1;
    if (this.#take('}')) return {};
    do {
      this.#skipSpace();
      const key = this.#text();
      if (entries.has(key)) this.#fail(`has the key ${JSON.stringify(key)} twice in one object`);
      if (key === '__proto__') this.#fail('has a key `__proto__`');
      if (!this.#take(':')) this.#fail('has a key without a value');
      entries.set(key, this.#value(depth + 1));
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('has an object that does not end');
    return Object.fromEntries(entries);
  }

  #array(depth: number): unknown[] {
    const values: unknown[] = [];
    this.#at += 1;
    if (this.#take(']')) return values;
    do values.push(this.#value(depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('has a list that does not end');
    return values;
  }

  #text(): string {
    return JSON.parse(this.#match(text) ?? this.#fail('is not JSON')) as string;
  }

  #scalar(): unknown {
    for (const [word, value] of Object.entries(words)) {
      if (this.#source.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    const value = Number(this.#match(number) ?? this.#fail('is not JSON'));
    if (!Number.isFinite(value)) this.#fail('has a number that is too large');
    return value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    this.#match(space);
  }

  #fail(message: string): never {
    return this.#refuse(`${message} (at character ${this.#at + 1})`);
  }
}

/**
 * Reads the plain part of YAML, some ten times faster than a parser of all of it: mappings and lists by indentation,
 * one-line texts, one-line `{…}` and `[…]`, comments. Gives `undefined` for whatever else there is, errors included:
 * then the parser of all of it decides. What it does read, that parser reads alike.
 */
export function parsePlainYaml(text: string): { value: unknown } | undefined {
  // Characters and marks that the plain part does not have.
  if (/[\t\r\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffd\u2028\u2029]|^(?:\.\.\.|%)/m.test(text))
    return undefined;
  try {
    const reader = new LineReader(text);
    const value = reader.readBlock(0);
    return reader.isDone && typeof value === 'object' && value !== null ? { value } : undefined;
  } catch (thrown) {
    if (thrown instanceof NotPlain) return undefined;
    throw thrown;
  }
}

class NotPlain extends Error {}

function notPlain(): never {
  throw new NotPlain();
}

/** A line with something on it, without indentation and comment. */
interface Line {
  indent: number;
  content: string;
}

const keyPattern = /^(?:([A-Za-z_/][A-Za-z0-9_./-]*)|"([^"\\]*)"|'([^']*)'):(?: +|$)/;
const deepest = 50;

class LineReader {
  readonly #lines: Line[] = [];
  #at = 0;

  constructor(text: string) {
    let isFirst = true;
    for (const raw of text.split('\n')) {
      const indent = raw.search(/[^ ]/);
      if (indent < 0 || raw[indent] === '#') continue;
      if (raw.startsWith('---')) {
        if (!isFirst || raw !== '---') notPlain();
      } else this.#lines.push({ indent, content: raw.slice(indent) });
      isFirst = false;
    }
  }

  get isDone(): boolean {
    return this.#at === this.#lines.length;
  }

  /** A mapping or a list whose lines are indented by as much as the next one, at least by `least`. */
  readBlock(least: number, depth = 0): unknown {
    const line = this.#lines[this.#at];
    if (!line || line.indent < least || depth > deepest) notPlain();
    const isList = line.content === '-' || line.content.startsWith('- ');
    return isList ? this.#readList(line.indent, depth) : this.#readMap(line.indent, depth);
  }

  #readList(indent: number, depth: number): unknown[] {
    const list: unknown[] = [];
    for (let line = this.#lines[this.#at]; line && line.indent === indent; line = this.#lines[this.#at]) {
      if (!line.content.startsWith('- ')) break;
      const rest = line.content.slice(1);
      const inner = rest.search(/[^ ]/);
      if (inner < 0 || rest[inner] === '#' || rest.startsWith('- ', inner)) notPlain();
      if (keyPattern.test(rest.slice(inner))) {
        // What stands after the dash is the first line of a mapping.
        this.#lines[this.#at] = { indent: indent + 1 + inner, content: rest.slice(inner) };
        list.push(this.#readMap(indent + 1 + inner, depth + 1));
      } else {
        this.#at += 1;
        list.push(readValue(rest.slice(inner)));
        this.#refuseDeeper(indent);
      }
    }
    return list;
  }

  #readMap(indent: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let line = this.#lines[this.#at]; line && line.indent === indent; line = this.#lines[this.#at]) {
      const match = keyPattern.exec(line.content);
      if (!match) notPlain();
      const key = match[1] ?? match[2] ?? match[3] ?? '';
      if (isOddKey(key, match[1] !== undefined) || Object.hasOwn(map, key)) notPlain();
      const rest = line.content.slice(match[0].length);
      this.#at += 1;
      if (rest === '' || rest.startsWith('#')) {
        const next = this.#lines[this.#at];
        // A list may stand under its key without further indentation.
        const isList = next?.indent === indent && next.content.startsWith('- ');
        if (!next || (next.indent <= indent && !isList)) map[key] = null;
        else map[key] = this.readBlock(indent, depth + 1);
      } else {
        map[key] = readValue(rest);
        this.#refuseDeeper(indent);
      }
    }
    this.#refuseDeeper(indent);
    return map;
  }

  /** A line further in than it may be goes on with the text above it, or is an error. */
  #refuseDeeper(indent: number): void {
    const next = this.#lines[this.#at];
    if (next && next.indent > indent) notPlain();
  }
}

/** Words that are no texts as plain keys, the sign that merges, and what would be no property of its own. */
function isOddKey(key: string, isPlain: boolean): boolean {
  return key === '__proto__' || key === '' || (isPlain && typeof readPlain(key) !== 'string');
}

/** What stands after `key: ` or `- ` in one line. */
function readValue(text: string): unknown {
  const scanner = new Scanner(text);
  const value = scanner.readNode(false, 0);
  scanner.expectEnd();
  return value;
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readNode(inFlow: boolean, depth: number): unknown {
    if (depth > deepest) notPlain();
    switch (this.#text[this.#at]) {
      case '"':
        return this.#match(/"([^"\\]*)"/y);
      case "'":
        return this.#match(/'((?:[^']|'')*)'/y).replaceAll("''", "'");
      case '{':
        return this.#readFlowMap(depth);
      case '[':
        return this.#readFlowList(depth);
      default: {
        // No colon before a space, no hash after one, and no sign at the beginning that means something.
        const plain = inFlow
          ? /([A-Za-z0-9_$/.<=~+^(](?:[^\s,[\]{}:#]|:(?=[^\s,[\]{}])| +(?=[^\s,[\]{}:#])|(?<=\S)#)*)/y
          : /([A-Za-z0-9_$/.<=~+^(](?:[^\s:#]|:(?=\S)| +(?=[^\s:#])|(?<=\S)#)*)/y;
        return readPlain(this.#match(plain));
      }
    }
  }

  /** Nothing more, or a comment. */
  expectEnd(): void {
    if (!/^(?: *| +#.*)$/.test(this.#text.slice(this.#at))) notPlain();
  }

  #readFlowMap(depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    this.#at += 1;
    this.#skipSpaces();
    while (this.#text[this.#at] !== '}') {
      const [, plain, double, single] = this.#exec(
        /(?:([A-Za-z_/][A-Za-z0-9_./-]*)|"([^"\\]*)"|'([^']*)'): +/y,
      );
      const key = plain ?? double ?? single ?? '';
      if (isOddKey(key, plain !== undefined) || Object.hasOwn(map, key)) notPlain();
      map[key] = this.readNode(true, depth + 1);
      this.#endEntry('}');
    }
    this.#at += 1;
    return map;
  }

  #readFlowList(depth: number): unknown[] {
    const list: unknown[] = [];
    this.#at += 1;
    this.#skipSpaces();
    while (this.#text[this.#at] !== ']') {
      list.push(this.readNode(true, depth + 1));
      this.#endEntry(']');
    }
    this.#at += 1;
    return list;
  }

  /** `, ` and something more, or the closing bracket. */
  #endEntry(close: string): void {
    this.#skipSpaces();
    if (this.#text[this.#at] === close) return;
    this.#match(/(, +)(?![,\]}])/y);
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }

  #match(pattern: RegExp): string {
    return this.#exec(pattern)[1] ?? '';
  }

  #exec(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) notPlain();
    this.#at = pattern.lastIndex;
    return match;
  }
}

/** A text without quotation marks by the core schema of YAML 1.2. */
function readPlain(text: string): unknown {
  if (/^[A-Za-z_/$][^~]*$/.test(text) && !/^(?:null|true|false)$/i.test(text)) return text;
  if (/^(?:true|false)$/.test(text)) return text === 'true';
  if (text === 'null' || text === '~') return null;
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text) || /^[0-9]{1,9}\.[0-9]{1,6}$/.test(text)) return Number(text);
  // `60s`, `<800`: begins like a number, and is none in any schema.
  if (/^[0-9]+(?:ms|s|m|h|d)$/.test(text) || /^<=? ?[0-9.]+$/.test(text)) return text;
  return notPlain();
}

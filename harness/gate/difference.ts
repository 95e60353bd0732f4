/** One place at which two documents are not the same. A side that has nothing there is absent. */
export interface Difference {
  path: string[];
  before?: unknown;
  after?: unknown;
  /** Of numbers, and of integers in text: after minus before, in decimal. */
  change?: string;
}

/** Elements of a list are told apart by the first of these that every one of them has, each with another value. */
const names = ['id', 'item', 'name', 'text', 'role', 'alert', 'title'];

/** Every place at which two JSON values differ, in the order of the first, then of the second. */
export function differences(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  const parts = partsOf(before, after);
  if (!parts) return isSame(before, after) ? [] : [leaf(before, after, path)];
  const [left, right] = parts;
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const way = [...path, key];
    if (!left.has(key)) return [{ path: way, after: right.get(key) }];
    if (!right.has(key)) return [{ path: way, before: left.get(key) }];
    return differences(left.get(key), right.get(key), way);
  });
}

type Parts = ReadonlyMap<string, unknown>;

function partsOf(before: unknown, after: unknown): [Parts, Parts] | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    const name = names.find((candidate) => tells(candidate, before) && tells(candidate, after));
    return [elements(before, name), elements(after, name)];
  }
  return isRecord(before) && isRecord(after)
    ? [new Map(Object.entries(before)), new Map(Object.entries(after))]
    : undefined;
}

function tells(name: string, list: readonly unknown[]): boolean {
  const values = list.map((element) => (isRecord(element) ? element[name] : undefined));
  return values.every((value) => typeof value === 'string') && new Set(values).size === values.length;
}

function elements(list: readonly unknown[], name: string | undefined): Parts {
  return new Map(
    list.map((element, index) => [
      name !== undefined && isRecord(element) ? String(element[name]) : String(index),
      element,
    ]),
  );
}

function leaf(before: unknown, after: unknown, path: readonly string[]): Difference {
  const change = changeOf(before, after);
  return { path: [...path], before, after, ...(change === undefined ? {} : { change }) };
}

/** Amounts of money are integers in text, of any size. */
function changeOf(before: unknown, after: unknown): string | undefined {
  if (isInteger(before) && isInteger(after)) return signed(String(BigInt(after) - BigInt(before)));
  if (typeof before !== 'number' || typeof after !== 'number') return undefined;
  return signed(String(Number((after - before).toPrecision(12))));
}

function isInteger(value: unknown): value is string | number {
  return typeof value === 'string' ? /^-?[0-9]{1,40}$/.test(value) : Number.isSafeInteger(value);
}

function signed(text: string): string {
  return text.startsWith('-') ? text : `+${text}`;
}

function isSame(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import fc from 'fast-check';
import { parse, stringify } from 'yaml';

/** A gate file that somebody, or something, has spoilt. */
export interface Mutant {
  bytes: Buffer;
  /** What was done to it, for whoever has to look. */
  how: string;
}

const junk: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  '',
  ' ',
  'a'.repeat(70_000),
  '0s',
  '9999999d',
  '[',
  'count >',
  'x.all(y, true)',
  '${secret.}',
  '${vars.a',
  '../../etc/passwd',
  '\u0000\u0007\u202e',
  '__proto__',
  [],
  {},
  [[]],
  [null],
  { __proto__x: 1 },
  { constructor: {} },
];

const snippets: readonly string[] = [
  '\t',
  '\r',
  '\u0000',
  '\ufeff',
  '&a ',
  '*a',
  '<<: *a\n',
  '!!js/function "x" ',
  '!!binary ',
  '---\n',
  '...\n',
  '? ',
  ': ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|\n',
  '>-\n',
  '#',
  '%YAML 9.9\n',
  '\u2028',
  '\ud7ff',
  'items: []\n',
  'gate: other\n',
  '    '.repeat(400),
  `${'['.repeat(3_000)}`,
  `${'{a: '.repeat(2_000)}`,
  'a: &x [*x]\n',
];

type Tree = Record<string, unknown> | unknown[];
type Step = { path: number; operation: number; value: number };

const step = fc.record({
  path: fc.nat(100_000),
  operation: fc.nat(6),
  value: fc.nat(junk.length - 1),
});
const cut = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(60),
  snippet: fc.nat(snippets.length - 1),
  operation: fc.nat(4),
});

/** Of files that lint accepts: changes of the tree, of the text, and of single bytes. */
export function mutants(originals: readonly { name: string; text: string }[]): fc.Arbitrary<Mutant> {
  const original = fc.constantFrom(...originals);
  return fc.oneof(
    { weight: 3, arbitrary: fc.tuple(original, fc.array(step, { minLength: 1, maxLength: 3 })).map(ofTree) },
    { weight: 2, arbitrary: fc.tuple(original, fc.array(cut, { minLength: 1, maxLength: 4 })).map(ofText) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(original, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }))
        .map(ofBytes),
    },
  );
}

function ofTree([{ name, text }, steps]: [{ name: string; text: string }, Step[]]): Mutant {
  const tree = parse(text, { merge: true }) as Tree;
  const done = steps.map((each) => change(tree, each));
  return {
    bytes: Buffer.from(stringify(tree, { aliasDuplicateObjects: false })),
    how: `${name}: ${done.join(', ')}`,
  };
}

/** Every place in the tree that holds something, in order. */
function places(tree: Tree): { parent: Tree; key: string | number }[] {
  const entries = Array.isArray(tree) ? [...tree.keys()] : Object.keys(tree);
  return entries.flatMap((key) => {
    const child = (tree as Record<string | number, unknown>)[key];
    const own = { parent: tree, key };
    return typeof child === 'object' && child !== null ? [own, ...places(child as Tree)] : [own];
  });
}

function change(tree: Tree, { path, operation, value }: Step): string {
  const found = places(tree);
  const place = found[path % found.length];
  if (!place) return 'nothing is left';
  const { key } = place;
  const parent = place.parent as Record<string | number, unknown>;
  const old = parent[key];
  switch (operation) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return `without ${key}`;
    case 1:
      parent[key] = structuredClone(junk[value]);
      return `${key} is ${JSON.stringify(junk[value])?.slice(0, 30)}`;
    case 2:
      if (Array.isArray(parent)) parent.push(structuredClone(old));
      else parent[`${key}x`] = structuredClone(old);
      return `${key} twice`;
    case 3:
      parent[key] = [old];
      return `${key} in a list`;
    case 4:
      parent[key] = typeof old === 'string' ? `${old}${'-'.repeat(1 + (value % 3))}` : JSON.stringify(old);
      return `${key} is another text`;
    case 5: {
      const other = found[(path * 31 + value) % found.length];
      const from = other?.parent as Record<string | number, unknown> | undefined;
      parent[key] = structuredClone(other && from ? from[other.key] : null);
      return `${key} is what ${other?.key} is`;
    }
    default:
      parent[key] = { with: old };
      return `${key} in a map`;
  }
}

function ofText([{ name, text }, cuts]: [
  { name: string; text: string },
  { at: number; length: number; snippet: number; operation: number }[],
]): Mutant {
  let changed = text;
  for (const { at, length, snippet, operation } of cuts) {
    const from = Math.floor(at * changed.length);
    const piece = changed.slice(from, from + length);
    const put = [snippets[snippet] ?? '', '', piece + piece, piece.toUpperCase(), piece.replaceAll(' ', '')];
    changed =
      changed.slice(0, from) + (put[operation] ?? '') + changed.slice(from + (operation === 0 ? 0 : length));
  }
  return { bytes: Buffer.from(changed), how: `${name}: ${cuts.length} changes of its text` };
}

function ofBytes([{ name, text }, flips]: [{ name: string; text: string }, [number, number][]]): Mutant {
  const bytes = Buffer.from(text);
  for (const [at, value] of flips) bytes[at % bytes.length] = value;
  return { bytes, how: `${name}: ${flips.length} other bytes` };
}

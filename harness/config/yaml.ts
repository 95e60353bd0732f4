import { readFile, stat } from 'node:fs/promises';
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { CountersignError, messageOf, type Place, type Problem } from '../errors.ts';

export type Path = readonly (string | number)[];

/** A parsed YAML file that still knows where everything stood. */
export interface YamlFile {
  /** As the user wrote it, for messages. */
  file: string;
  bytes: Buffer;
  value: unknown;
  /** Place of the value at a path, or of its nearest parent. */
  place(path: Path): Place;
  /** Place of a key, for messages about the key itself. */
  keyPlace(path: Path): Place;
}

const MAX_BYTES = 1024 * 1024;

/** Reads one YAML document; every syntax error becomes a problem with line and column. */
export async function readYaml(path: string, shown = path): Promise<YamlFile> {
  return parseYaml(await readYamlBytes(path, shown), shown);
}

/** The bytes of a file of configuration; refuses what is too large to be one. */
export async function readYamlBytes(path: string, shown = path): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw new CountersignError('CONFIG_INVALID', `the file is ${size} bytes; the most is ${MAX_BYTES}`, {
        where: { file: shown },
        hint: 'keep data out of configuration',
      });
    }
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CountersignError('CONFIG_MISSING', missing ? 'there is no such file' : messageOf(thrown), {
      where: { file: shown },
    });
  }
}

export function parseYaml(bytes: Buffer, file: string): YamlFile {
  const text = decode(bytes, file);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
    merge: true,
    logLevel: 'error',
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    code: 'CONFIG_INVALID',
    message: error.message.replace(/\s+/g, ' ').trim(),
    where: placeAt(error.pos[0]),
    hint: 'the file must be one YAML document',
  }));
  if (problems.length > 0) throw invalid(problems);
  const endless = text.includes('*') ? aliasWithinItself(document) : undefined;
  if (endless !== undefined) {
    const message = 'this alias stands for something that it is a part of';
    throw invalid([{ code: 'CONFIG_INVALID', message, where: placeAt(endless) }]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    throw invalid([{ code: 'CONFIG_INVALID', message: messageOf(thrown), where: placeAt(0) }]);
  }
  const root = document.contents as Node | null;
  return {
    file,
    bytes,
    value,
    place: (path) => placeAt(startOf(walk(root, path).value) ?? 0),
    keyPlace: (path) => {
      const found = walk(root, path);
      return placeAt(startOf(found.key) ?? startOf(found.value) ?? 0);
    },
  };
}

export function invalid(problems: readonly Problem[]): CountersignError {
  const [first] = problems;
  return new CountersignError('CONFIG_INVALID', first?.message ?? 'the file is not valid', {
    problems,
    ...(first ? { where: first.where } : {}),
  });
}

function decode(bytes: Buffer, file: string): string {
  try {
    // A mark of the byte order is left to the parser, which takes one and no second.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CountersignError('CONFIG_INVALID', 'the file is not UTF-8 text', { where: { file } });
  }
}

/** Offset of an alias that would go on without end. */
function aliasWithinItself(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Alias: (_key, alias) => {
      const [from = 0] = alias.range ?? [];
      const [start = 0, end = 0] = alias.resolve(document)?.range ?? [];
      if (start > from || from >= end) return undefined;
      found = from;
      return visit.BREAK;
    },
  });
  return found;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** The node at `path`, or the deepest one on the way to it. */
function walk(root: Node | null, path: Path): { key: unknown; value: unknown } {
  let key: unknown;
  let value: unknown = root;
  for (const step of path) {
    let next: { key: unknown; value: unknown } | undefined;
    if (isMap(value)) {
      const pair = value.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      next = pair && { key: pair.key, value: pair.value ?? pair.key };
    } else if (isSeq(value)) {
      const item = value.items[Number(step)];
      next = item === undefined ? undefined : { key: item, value: item };
    }
    if (!next) break;
    key = next.key;
    value = next.value;
  }
  return { key, value };
}

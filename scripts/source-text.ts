import type { Dirent } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  path: string;
  text: string;
}

/** A place that breaks a rule. */
export interface Finding {
  path: string;
  line: number;
  message: string;
}

const ignored = /(^|\/)(node_modules|dist|\.countersign|fixtures|test-results|playwright-report)(\/|$)/;

/** Every source file of the repo below these folders, in a stable order. */
export async function readSources(root: string, patterns: readonly string[]): Promise<SourceFile[]> {
  const paths = await listFiles(root, patterns, ignored);
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(`${root}/${path}`, 'utf8') })));
}

/** Paths of files that fit a pattern and are not left out, in a stable order. */
export async function listFiles(
  root: string,
  patterns: readonly string[],
  leftOut: RegExp,
): Promise<string[]> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const exclude = (entry: Dirent) => leftOut.test(relative(root, join(entry.parentPath, entry.name)));
    for await (const entry of glob(pattern, { cwd: root, exclude, withFileTypes: true })) {
      if (entry.isFile()) {
        paths.add(relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
      }
    }
  }
  return [...paths].filter((path) => !leftOut.test(path)).sort();
}

export function isTest(path: string): boolean {
  return /\.(test|test-d|spec|contract|fake)\.ts$/.test(path) || path.includes('/testing/');
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

export function showFindings(findings: readonly Finding[]): string {
  return findings.map(({ path, line, message }) => `${path}:${line} ${message}\n`).join('');
}

/** Before one of these a `/` begins a regular expression; after anything else it divides. */
const beforeRegex = /(^|[(,=:[!&|?{};+\-*%~^<>]|\b(return|typeof|case|in|of|void|await|yield|throw))\s*$/;

/**
 * Blanks comments, and strings too unless they are kept, so that what is left can be read by simple means.
 * Every character keeps its place.
 */
export function blank(text: string, options: { keepStrings: boolean }): string {
  const out = [...text.split('')];
  const wipe = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) if (out[at] !== '\n') out[at] = ' ';
  };
  let at = 0;
  while (at < text.length) {
    const end = endOfToken(text, at);
    if (end === undefined) {
      at += 1;
      continue;
    }
    const isComment = text.startsWith('//', at) || text.startsWith('/*', at);
    if (isComment || !options.keepStrings) wipe(at, end);
    at = end;
  }
  return out.join('');
}

/** Where the comment, string, template or regular expression that begins here ends. */
function endOfToken(text: string, at: number): number | undefined {
  const two = text.slice(at, at + 2);
  if (two === '//') return until(text, '\n', at);
  if (two === '/*') return until(text, '*/', at + 2) + 2;
  const character = text[at];
  if (character === "'" || character === '"') return endOfQuoted(text, at, character);
  if (character === '`') return endOfTemplate(text, at);
  if (character === '/' && beforeRegex.test(text.slice(Math.max(0, at - 20), at)))
    return endOfRegex(text, at);
  return undefined;
}

function until(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfTemplate(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '\\') at += 2;
    else if (text.startsWith('${', at)) at = endOfExpression(text, at + 2);
    else at += 1;
  }
  return at + 1;
}

function endOfExpression(text: string, from: number): number {
  let depth = 1;
  let at = from;
  while (at < text.length && depth > 0) {
    const token = endOfToken(text, at);
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    at = token ?? at + 1;
  }
  return at;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '/' && !inClass) return at + 1;
  }
  return from + 1;
}

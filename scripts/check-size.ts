import { parseArgs } from 'node:util';
import {
  blank,
  type Finding,
  lineAt,
  readSources,
  type SourceFile,
  showFindings,
} from '#scripts/source-text.ts';

const longestFile = 300;
const longestFunction = 60;

const usage = `Usage: node scripts/check-size.ts

Small rooms: no source file over ${longestFile} lines, no function over ${longestFunction}. There is no list of exceptions.
`;

const patterns = ['{harness,pipeline,scripts,smoke,synthetics,bench}/**/*.{ts,mjs,js}', '*.ts'];

export function checkSize({ path, text }: SourceFile): Finding[] {
  const lines = text.trimEnd().split('\n').length;
  const findings: Finding[] = [];
  if (lines > longestFile) {
    findings.push({
      path,
      line: longestFile + 1,
      message: `the file has ${lines} lines, over ${longestFile}`,
    });
  }
  for (const { line, length } of functionsIn(text)) {
    if (length <= longestFunction) continue;
    findings.push({ path, line, message: `the function has ${length} lines, over ${longestFunction}` });
  }
  return findings;
}

/** Function bodies with braces, and the line each begins on. */
export function functionsIn(text: string): { line: number; length: number }[] {
  const code = blank(text, { keepStrings: false });
  const open: number[] = [];
  const found: { line: number; length: number }[] = [];
  for (let at = 0; at < code.length; at += 1) {
    if (code[at] === '{') open.push(at);
    if (code[at] !== '}') continue;
    const start = open.pop();
    if (start === undefined) continue;
    const head = headOf(code, start);
    if (
      head === undefined ||
      /\bdescribe(\.\w+)?\s*\([^;{}]*$/.test(code.slice(Math.max(0, head - 200), start))
    )
      continue;
    const line = lineAt(code, head);
    found.push({ line, length: lineAt(code, at) - line + 1 });
  }
  return found.sort((a, b) => a.line - b.line);
}

const notFunctions = /\b(if|for|while|switch|catch|with)\s*(await\s*)?$/;
const notInTypes =
  /\b(class|interface|enum|else|try|finally|do|new|import|export|function|const|let|return)\b/;
const typeCharacter = /[\w\s.|&,'"[\]]/;

/** Where the function begins whose body opens at this brace; undefined when it is another kind of block. */
function headOf(code: string, brace: number): number | undefined {
  const before = code.slice(0, brace).trimEnd();
  if (before.endsWith('=>')) return before.length - 2;
  const close = endOfParameters(before);
  if (close === undefined) return undefined;
  const start = matching(before, close);
  if (start === undefined || notFunctions.test(before.slice(0, start))) return undefined;
  return start;
}

/** The `)` before a body, with or without a return type between them. */
function endOfParameters(before: string): number | undefined {
  let at = before.length - 1;
  if (before[at] === ')') return at;
  while (at > 0) {
    const character = before[at] ?? '';
    if (character === ':') {
      const rest = before.slice(0, at).trimEnd();
      return rest.endsWith(')') && !notInTypes.test(before.slice(at)) ? rest.length - 1 : undefined;
    }
    if ('>}])'.includes(character)) {
      const start = matching(before, at);
      if (start === undefined) return undefined;
      at = start - 1;
    } else if (typeCharacter.test(character)) at -= 1;
    else return undefined;
  }
  return undefined;
}

const pairs: Record<string, string> = { ')': '(', '}': '{', ']': '[', '>': '<' };

function matching(text: string, close: number): number | undefined {
  const closer = text[close] ?? '';
  const opener = pairs[closer];
  let depth = 0;
  for (let at = close; at >= 0; at -= 1) {
    if (text[at] === closer && !(closer === '>' && text[at - 1] === '=')) depth += 1;
    if (text[at] === opener) depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(usage);
  else {
    const sources = await readSources(process.cwd(), patterns);
    const findings = sources.flatMap(checkSize);
    process.stdout.write(showFindings(findings));
    process.stdout.write(`size: ${sources.length} files, ${findings.length} findings\n`);
    process.exitCode = findings.length > 0 || sources.length === 0 ? 1 : 0;
  }
}

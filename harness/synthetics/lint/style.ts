import { readFile } from 'node:fs/promises';
import type { Problem } from '../../errors.ts';

interface Finding {
  column: number;
  message: string;
  hint: string;
}

type StyleRule = (line: string) => Finding | undefined;

const truthy = /^\s*(?:- )?[A-Za-z_][\w-]*:\s+(yes|no|on|off|true|false)\s*(?:#.*)?$/i;

const everywhere: readonly StyleRule[] = [
  (line) => found(line.search(/\r$/), 'the line ends as on Windows', 'end lines with a line feed alone'),
  (line) => found(line.search(/[ \t]+\r?$/), 'there is space at the end of the line', 'take it away'),
];

/** Not for the lines of a text in several lines. */
const outsideTexts: readonly StyleRule[] = [
  (line) => found(/^\s*\t/.test(line) ? line.indexOf('\t') : -1, 'a tab', 'indent with spaces'),
  (line) => found(line.search(/(?<=^\s*)#[^\s#!]/), 'a comment without a space', 'put a space after `#`'),
  (line) => {
    const word = truthy.exec(line)?.[1];
    if (word === undefined || word === 'true' || word === 'false') return undefined;
    return found(
      line.indexOf(word, line.indexOf(':')),
      `\`${word}\` is text to some parsers and a truth value to others`,
      'write true or false, or put it in quotation marks',
    );
  },
];

/** How a file is written: what a reader or another parser may stumble over. */
export async function styleProblems(path: string, shown: string): Promise<Problem[]> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n');
  const inTexts = linesOfTexts(lines);
  const problems: Problem[] = [];
  const add = (line: number, { column, message, hint }: Finding) =>
    void problems.push({ code: 'CONFIG_INVALID', message, where: { file: shown, line, column }, hint });
  for (const [index, line] of lines.entries()) {
    for (const rule of inTexts.has(index) ? everywhere : [...everywhere, ...outsideTexts]) {
      const finding = rule(line);
      if (finding) add(index + 1, finding);
    }
  }
  const first = lines.findIndex((line) => line.trim() !== '' && !/^[#%]/.test(line));
  if (!lines[first]?.startsWith('---')) {
    add(first + 1, { column: 1, message: 'the document does not begin with `---`', hint: 'write it above' });
  }
  const atEnd = endProblem(text);
  if (atEnd) add(lines.length - (text.endsWith('\n') ? 1 : 0), atEnd);
  return problems;
}

function endProblem(text: string): Finding | undefined {
  if (!text.endsWith('\n'))
    return { column: 1, message: 'the last line has no end', hint: 'end the file with a line feed' };
  if (!/\n\s*\n$/.test(text)) return undefined;
  return { column: 1, message: 'there are empty lines at the end', hint: 'take them away' };
}

/** Lines after `key: |` or `key: >` that are indented further. */
function linesOfTexts(lines: readonly string[]): Set<number> {
  const inside = new Set<number>();
  let indent: number | undefined;
  for (const [index, line] of lines.entries()) {
    const own = line.search(/\S/);
    if (indent !== undefined && (own < 0 || own > indent)) inside.add(index);
    else indent = /[:-]\s+[|>][-+0-9]*\s*(?:#.*)?$/.test(line) ? own : undefined;
  }
  return inside;
}

function found(index: number, message: string, hint: string): Finding | undefined {
  return index < 0 ? undefined : { column: index + 1, message, hint };
}

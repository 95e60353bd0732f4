import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { styleProblems } from './style.ts';

describe('how a file is written', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-style-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function style(text: string): Promise<string[]> {
    const path = join(folder, 'c.yml');
    await writeFile(path, text);
    const problems = await styleProblems(path, 'c.yml');
    return problems.map(({ where, message }) => `${where.line}:${where.column} ${message}`);
  }

  it.each([
    ['a: 1\n', '1:1 the document does not begin with `---`'],
    ['---\na: 1', '2:1 the last line has no end'],
    ['---\na: 1\n\n', '3:1 there are empty lines at the end'],
    ['---\na: 1  \n', '2:5 there is space at the end of the line'],
    ['---\na:\n\tb: 1\n', '3:1 a tab'],
    ['---\na: 1\r\n', '2:5 the line ends as on Windows'],
    ['---\na: yes\n', '2:4 `yes` is text to some parsers and a truth value to others'],
    ['---\na: True\n', '2:4 `True` is text to some parsers and a truth value to others'],
    ['---\n#x\na: 1\n', '2:1 a comment without a space'],
  ])('%j: %s', async (text, problem) => {
    expect(await style(text)).toContain(problem);
  });

  it('leaves texts of several lines as they are', async () => {
    expect(await style('# x\n---\na: |\n  on: yes\n  #x\n\n  b: no\nc: true\nd: "no"\n')).toEqual([]);
  });
});

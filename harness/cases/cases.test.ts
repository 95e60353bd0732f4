import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliResult, runCli, testProject } from '../testing/cli.ts';

const here = new URL('.', import.meta.url).pathname;
const entries = await readdir(here, { withFileTypes: true });
const cases = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);

/**
 * A case is a folder named by a sentence: `cmd` (one countersign command a line), `files/`, and what is expected in
 * `stdout`, `stderr` and `exit` (of the last command). All must be there. `[..]` stands for anything within a line,
 * a line `...` for any number of lines.
 */
function pattern(text: string): RegExp {
  const lines = text.replace(/\n$/, '').split('\n');
  const source = lines
    .map((line) =>
      line === '...'
        ? '(?:.*\\n)*?'
        : `${line
            .split('[..]')
            .map((part) => RegExp.escape(part))
            .join('.*')}\\n`,
    )
    .join('');
  return new RegExp(text === '' ? '^$' : `^${source}$`);
}

describe('cases', () => {
  it('there are some', () => expect(cases.length).toBeGreaterThan(5));

  it.each(cases)('%s', async (name) => {
    const read = (file: string) => readFile(join(here, name, file), 'utf8');
    const [cmd, stdout, stderr, exit] = await Promise.all(['cmd', 'stdout', 'stderr', 'exit'].map(read));
    const root = await testProject(join(here, name, 'files'));
    const results: CliResult[] = [];
    for (const line of (cmd ?? '').trim().split('\n'))
      results.push(await runCli(root, line.split(' ').slice(1)));
    const said = (stream: 'stdout' | 'stderr') =>
      results.map((result) => result[stream].replaceAll(root, '<root>')).join('');
    for (const [stream, wanted = ''] of [
      ['stdout', stdout],
      ['stderr', stderr],
    ] as const) {
      // Where it does not match, the difference of the two texts is what helps.
      if (!pattern(wanted).test(said(stream))) expect(said(stream), stream).toBe(wanted);
    }
    expect(results.at(-1)?.exit).toBe(Number(exit));
  });
});

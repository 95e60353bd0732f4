import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseArguments } from '#harness/commands/command.ts';
import { commands } from '#harness/commands/index.ts';
import { commandPages } from '#harness/commands/pages.ts';
import { runCli, testProject } from '#harness/testing/cli.ts';

const repo = resolve(import.meta.dirname, '..');
const read = (file: string) => readFile(join(repo, file), 'utf8');

/** Markdown of this repo that users read; pages of kinds have tests of their own. */
async function pages(): Promise<string[]> {
  const docs = (await readdir(join(repo, 'docs'), { recursive: true })).filter((name) =>
    name.endsWith('.md'),
  );
  return [
    'README.md',
    'CONTRIBUTING.md',
    'smoke/README.md',
    'synthetics/README.md',
    ...docs.map((name) => join('docs', name)),
  ];
}

/** `countersign …` and `npx countersign …` lines of code blocks and inline code, without comments. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/```(?:sh|text)\n([\s\S]*?)```/g)].flatMap(([, body = '']) =>
    body.split('\n'),
  );
  const inline = [...text.matchAll(/`((?:npx )?countersign [^`]+)`/g)].map(([, line = '']) => line);
  return [...blocks, ...inline]
    .map((line) => line.replace(/^(example:|usage:)?\s*(\$ )?(npx )?/, '').replace(/\s+#.*$/, ''))
    .filter((line) => line.startsWith('countersign ') && !/[[<…]|[A-Z]{3,}/.test(line));
}

async function understood(line: string): Promise<void> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)]
    .map(([, quoted, plain]) => quoted ?? plain ?? '')
    .slice(1);
  if (words.length === 1 && words[0]?.startsWith('--')) return;
  const name = Object.hasOwn(commands, words.slice(0, 2).join(' '))
    ? words.slice(0, 2).join(' ')
    : (words[0] ?? '');
  const entry = commands[name];
  expect(entry, line).toBeDefined();
  if (!entry) return;
  const { command } = await entry.load();
  const rest = words.slice(name.split(' ').length).filter((word) => word !== '--help');
  expect(() => parseArguments(name, command, rest), line).not.toThrow();
}

describe('documentation', () => {
  it('every command that a page shows is understood', async () => {
    const lines = (await Promise.all((await pages()).map(read))).flatMap(commandLines);
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) await understood(line);
  });

  it('has a page for every command, as its help says now', async () => {
    const wanted = await commandPages();
    expect((await readdir(join(repo, 'docs/commands'))).sort()).toEqual([...wanted.keys()].sort());
    for (const [name, text] of wanted)
      expect(await read(`docs/commands/${name}`), 'npm run generate').toBe(text);
  });

  it('links lead to files that are there', async () => {
    for (const page of await pages()) {
      for (const [, target = ''] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        await expect(
          readFile(resolve(repo, page, '..', target)),
          `${page}: ${target}`,
        ).resolves.toBeDefined();
      }
    }
  });
});

describe('the gate of the README', () => {
  let root: string;
  beforeAll(async () => {
    const [, gate = ''] = /```yaml\n(---\ngate:[\s\S]*?)```/.exec(await read('README.md')) ?? [];
    const environments = {
      staging: {
        title: 'Staging',
        rehearsal: true,
        sources: {
          service: { kind: 'http', url: 'http://127.0.0.1:59873' },
          database: { kind: 'postgres', url: 'postgres://nobody@127.0.0.1:59873/none' },
        },
      },
    };
    root = await testProject({
      'checklists/environments.yml': stringify({ environments }),
      [`checklists/${(parse(gate) as { gate: string }).gate}.gate.yml`]: gate,
    });
  });

  it('is valid, and has 20 lines', async () => {
    const [, gate = ''] = /```yaml\n---\n(gate:[\s\S]*?)```/.exec(await read('README.md')) ?? [];
    expect(gate.trim().split('\n')).toHaveLength(20);
    const { exit, stdout } = await runCli(root, ['gate', 'lint']);
    expect(stdout).toBe('1 gate, no problems\n');
    expect(exit).toBe(0);
  });

  it('says INCONCLUSIVE where nothing can be reached', async () => {
    const run = await runCli(root, ['gate', 'run', 'orders-release']);
    expect(run.exit).toBe(3);
    expect(run.stdout).toContain('INCONCLUSIVE');
  });
});

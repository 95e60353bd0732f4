import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mustRun, runProgram } from '#harness/tools/run.ts';
import { importsOf } from '#scripts/check-imports.ts';

const root = dirname(import.meta.dirname);
const npmMs = 4 * 60_000;
let folder: string;
let tarballFiles: string[];

/** The Node of this test first: npm's own programs would otherwise run on the machine's. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-package-'));
  await mustRun(process.execPath, ['scripts/build-package.ts'], { cwd: root, timeoutMs: npmMs });
  const pack = ['pack', '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', folder];
  const packed = await mustRun('npm', pack, { cwd: root, env, timeoutMs: npmMs });
  const [description] = Object.values(JSON.parse(packed.slice(packed.search(/[[{]/)))) as {
    filename: string;
    files: { path: string }[];
  }[];
  tarballFiles = (description?.files ?? []).map(({ path }) => path);
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}\n');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  const tarball = join(folder, description?.filename ?? '');
  await mustRun('npm', ['install', ...flags, tarball], { cwd: folder, env, timeoutMs: npmMs });
}, 2 * npmMs);

afterAll(() => rm(folder, { recursive: true, force: true }));

const countersign = (...args: string[]) =>
  runProgram(join(folder, 'node_modules', '.bin', 'countersign'), args, {
    cwd: folder,
    env,
    timeoutMs: 60_000,
  });

test('the tarball holds what a user needs, and no tests, sources or service', () => {
  expect(tarballFiles).toEqual(
    expect.arrayContaining(['harness/bin.mjs', 'dist/main.js', 'dist/index.d.ts', 'LICENSE']),
  );
  const foreign = tarballFiles.filter((path) =>
    /\.test\.|(?<!\.d)\.ts$|^pipeline|^scripts|\/testing\//.test(path),
  );
  expect(foreign).toEqual([]);
});

/** Modules of k6 itself, in the text of a script that is made for it. */
const isOfK6 = (specifier: string) => /^k6(\/|$)/.test(specifier);

test('everything that the package imports is among its dependencies', async () => {
  const { dependencies, peerDependencies } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'peerDependencies', Record<string, string>>;
  const files = (await readdir(join(root, 'dist'), { recursive: true })).filter((file) =>
    file.endsWith('.js'),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(root, 'dist', file), 'utf8')));
  const imported = files.flatMap((path, index) => importsOf({ path, text: texts[index] ?? '' }));
  const packages = new Set(
    imported
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^(\.|node:)/.test(specifier) && !builtinModules.includes(specifier))
      .filter((specifier) => !isOfK6(specifier))
      .map((specifier) =>
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  );
  const named = { ...dependencies, ...peerDependencies };
  expect([...packages].filter((name) => !Object.hasOwn(named, name))).toEqual([]);
});

test('the installed command answers', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(await countersign('--version')).toEqual({ code: 0, output: `countersign ${version}\n` });
  expect((await countersign('--help')).output).toContain('gate run');
});

test("a gate runs a user's own kind of check from countersign.config.ts", async () => {
  await mkdir(join(folder, 'checklists'), { recursive: true });
  await writeFile(
    join(folder, 'countersign.config.ts'),
    `import { defineCheck, Options, type UserConfig } from 'countersign';
import Type from 'typebox';

const words = defineCheck({
  kind: 'words',
  summary: 'Count the words of a text',
  options: Options({ text: Type.String() }),
  facts: Type.Object({ words: Type.Integer() }),
  expect: ['words > 0'],
  effects: 'none',
  measure: async ({ text }) => ({ facts: { words: text.split(' ').length } }),
});

const config: UserConfig = { checks: [words as never] };
export default config;
`,
  );
  await writeFile(
    join(folder, 'checklists', 'environments.yml'),
    'environments:\n  here: {title: Here, rehearsal: true}\n',
  );
  await writeFile(
    join(folder, 'checklists', 'words.gate.yml'),
    `gate: words
title: Words
environment: here
items:
  - {id: two, title: Two words, check: words, with: {text: two words}, expect: [words == 2]}
  - {id: three, title: Three words, check: words, with: {text: two words}, expect: [words == 3]}
sign: {require: [{role: release-manager}]}
`,
  );
  await mustRun('git', ['init', '-q'], { cwd: folder });
  const commit = [
    '-c',
    'user.name=A',
    '-c',
    'user.email=a@example.org',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'x',
  ];
  await mustRun('git', commit, { cwd: folder });
  const { code, output } = await countersign('gate', 'run', 'words');
  expect(output).toContain('NO_GO');
  expect(output).toContain('words == 3');
  expect(code).toBe(1);
});

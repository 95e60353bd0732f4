import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cachedPath } from './bring.ts';
import { cacheFolder, fillOnce } from './cache.ts';
import { findTool } from './find.ts';
import { isAtLeast, toolPins } from './pins.ts';
import { relocate } from './relocate.ts';
import { runProgram } from './run.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-tools-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(path: string, version: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "it, version ${version} (branch: HEAD)"\n`);
  await chmod(file, 0o755);
  return file;
}

const cacheDir = () => join(folder, 'cache');

test('a variable goes before PATH, and PATH before the cache', async () => {
  const cached = cachedPath(toolPins.prometheus, cacheDir()) ?? '';
  await program(cached.slice(folder.length), '2.50.0');
  const find = (env: Record<string, string>) => findTool('prometheus', { env, cacheDir: cacheDir() });
  expect(await find({ PATH: '' })).toMatchObject({ from: 'cache', version: '2.50.0', path: cached });
  const onPath = await program('bin/prometheus', '2.51.0');
  const PATH = join(folder, 'bin');
  expect(await find({ PATH })).toMatchObject({ from: 'path', version: '2.51.0', path: onPath });
  const named = await program('own/p', '2.52.0');
  expect(await find({ PATH, COUNTERSIGN_PROMETHEUS: named })).toMatchObject({ from: 'env', path: named });
});

test('a variable that is wrong is an error, although PATH holds a good one', async () => {
  await program('bin/promtool', '2.51.0');
  const old = await program('old/promtool', '2.41.9');
  const find = (path: string) =>
    findTool('promtool', {
      env: { PATH: join(folder, 'bin'), COUNTERSIGN_PROMTOOL: path },
      cacheDir: cacheDir(),
    });
  await expect(find(old)).rejects.toThrow(/is 2\.41\.9; promtool >= 2\.42\.0 is needed/);
  await expect(find('/no/such/file')).rejects.toThrow(/does not run/);
  await expect(find('promtool')).rejects.toThrow(/is not an absolute path/);
});

test('one that is too old on PATH is passed over, and named when there is no other', async () => {
  await program('bin/alertmanager', '0.19.0');
  const env = { PATH: join(folder, 'bin') };
  await expect(findTool('alertmanager', { env, cacheDir: cacheDir() })).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining('alertmanager is 0.19.0, too old'),
    hint: expect.stringContaining('apt-get install prometheus-alertmanager'),
  });
  const good = await program('bin/prometheus-alertmanager', '0.27.0');
  expect(await findTool('alertmanager', { env, cacheDir: cacheDir() })).toMatchObject({ path: good });
});

test('versions compare by number, not by text', () => {
  expect(isAtLeast('2.100.0', '2.42.0')).toBe(true);
  expect(isAtLeast('2.42.0+ds', '2.42.0')).toBe(true);
  expect(isAtLeast('2.41.9', '2.42.0')).toBe(false);
  expect(isAtLeast('18.4', '15.0.0')).toBe(true);
});

test('a folder of the cache is filled once, however many want it, and never half', async () => {
  const target = join(folder, 'cache', 'thing');
  let made = 0;
  const make = async (temporary: string) => {
    made += 1;
    await writeFile(join(temporary, 'file'), 'whole');
  };
  await expect(
    fillOnce(target, async (temporary) => {
      await writeFile(join(temporary, 'file'), 'ha');
      throw new Error('the line broke');
    }),
  ).rejects.toThrow('the line broke');
  expect(await readdir(dirname(target))).toEqual([]);
  await Promise.all(Array.from({ length: 5 }, () => fillOnce(target, make)));
  expect(made).toBe(1);
  expect(await readFile(join(target, 'file'), 'utf8')).toBe('whole');
  expect(await readdir(dirname(target))).toEqual(['thing']);
});

test('a lock whose owner is gone does not hold anybody up', async () => {
  const target = join(folder, 'thing');
  const { output } = await runProgram(process.execPath, ['-p', 'process.pid']);
  await writeFile(`${target}.lock`, output.trim());
  await fillOnce(target, async () => {});
  expect(await readdir(folder)).toEqual(['thing']);
});

test('an unpacked program finds its fixed folder beside itself, from any working folder', async () => {
  const fixed = '/usr/share/program-of-this-test';
  const original = join(folder, 'bin', 'reader');
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'share'));
  await writeFile(join(folder, 'share', 'text'), 'found');
  await writeFile(original, `#!/bin/sh\ncat ${fixed}/text\n`, { mode: 0o755 });
  await relocate(original, fixed, '../share');
  expect(await runProgram(original, [], { cwd: '/' })).toEqual({ code: 0, output: 'found' });
});

test('the cache is where the variables say, in their order', () => {
  expect(cacheFolder({ COUNTERSIGN_CACHE: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/b/countersign');
  expect(cacheFolder({ HOME: '/c' })).toBe('/c/.cache/countersign');
});

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runnableAlertmanager } from './unpacked-alertmanager.ts';

let root: string;
let path: string;
const templates = 'usr/share/prometheus/alertmanager';
const nowhere = '/no/such/folder/default.tmpl';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-unpacked-'));
  path = join(root, 'usr', 'bin', 'prometheus-alertmanager');
  await mkdir(join(root, 'usr', 'bin'), { recursive: true });
  await writeFile(path, `\0/${templates}\0ui=/${templates}/ui\0`);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('runnableAlertmanager', () => {
  it('makes a copy that looks below its working folder, of the same length', async () => {
    await mkdir(join(root, templates), { recursive: true });
    await writeFile(join(root, templates, 'default.tmpl'), '');
    const found = await runnableAlertmanager(path, nowhere);
    expect(found).toEqual({ path: `${path}-unpacked`, cwd: root });
    expect(await readFile(found.path, 'utf8')).toBe(`\0${templates}/\0ui=${templates}//ui\0`);
    expect((await stat(found.path)).mode & 0o777).toBe(0o755);
    expect(await runnableAlertmanager(path, nowhere)).toEqual(found);
  });

  it('leaves a program alone that has its templates, or none at all', async () => {
    expect(await runnableAlertmanager(path, nowhere)).toEqual({ path });
    await mkdir(join(root, templates), { recursive: true });
    const own = join(root, templates, 'default.tmpl');
    await writeFile(own, '');
    expect(await runnableAlertmanager(path, own)).toEqual({ path });
  });
});

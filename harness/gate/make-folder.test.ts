import { mkdtemp, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'make-folder-'));
});

it('makes what is missing, and leaves what is there; of several at once each is content', async () => {
  const path = join(root, 'a/b/c');
  await Promise.all(Array.from({ length: 32 }, () => makeFolder(path, 0o700)));
  await makeFolder(path);
  expect((await stat(join(root, 'a'))).mode & 0o777).toBe(0o700);
  await symlink(path, join(root, 'link'));
  await makeFolder(join(root, 'link/d'));
  expect((await stat(join(path, 'd'))).isDirectory()).toBe(true);
});

it('ends where no folder can be, and says why', async () => {
  await writeFile(join(root, 'file'), '');
  await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(root, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await symlink(join(root, 'nowhere'), join(root, 'dangling'));
  await expect(makeFolder(join(root, 'dangling/below'))).rejects.toMatchObject({ code: 'EEXIST' });
  if (process.platform === 'linux') {
    await expect(makeFolder('/proc/countersign/below')).rejects.toMatchObject({ code: 'ENOENT' });
  }
});

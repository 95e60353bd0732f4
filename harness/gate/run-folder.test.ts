import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openProject } from '../config/project.ts';
import { testProject } from '../testing/cli.ts';
import { rehearsalKeyFile, rehearsalSigners } from './rehearsal.ts';
import { createRunFolder, findRun, listRuns, lockRun, pointLatestAt, runHolder } from './run-folder.ts';

const gate = `gate: x
title: X
environment: local
items: [{id: a, title: A, attest: {role: security}}]
sign: {require: [{role: qa}, {role: engineering}]}
`;
const project = async () => openProject(await testProject({ 'checklists/x.gate.yml': gate }));

it('a folder of runs that can not be read is not an empty one', async () => {
  const it = await project();
  expect(await listRuns(it)).toEqual([]);
  await mkdir(it.state, { recursive: true });
  await symlink('runs', join(it.state, 'runs'));
  await expect(listRuns(it)).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(findRun(it, it.root, 'some-run')).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(findRun(await project(), it.root, 'x'.repeat(5_000))).rejects.toMatchObject({
    code: 'RUN_MISSING',
  });
});

describe('two processes in one project', () => {
  it('one of many gets the lock of a run, and the next one when it is free again', async () => {
    const folder = join(await testProject({ 'run/journal.jsonl': '' }), 'run');
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockRun(folder)));
    const got = tries.filter((each) => each.status === 'fulfilled');
    expect(got).toHaveLength(1);
    await expect(lockRun(folder)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    await got[0]?.value();
    await (await lockRun(folder))();
    expect(await readdir(join(folder, '..'))).toEqual(['run']);
  });

  it('a lock whose holder is gone counts no more, nor one whose pid is another process by now', async () => {
    const root = await testProject({ 'run/journal.jsonl': '', '.run.lock': '999999999 gone' });
    await (await lockRun(join(root, 'run')))();
    const reused = { name: 'before the reboot', pid: process.pid, began: '1' };
    await writeFile(join(root, '.run.lock'), JSON.stringify(reused));
    expect(await runHolder(join(root, 'run'))).toBeUndefined();
    await (await lockRun(join(root, 'run')))();
    expect((await readdir(root)).sort()).toEqual(['run']);
  });

  it('of many that find a stale lock at once, one gets the run', async () => {
    const root = await testProject({ 'run/journal.jsonl': '', '.run.lock': '{"pid":999999999,"began":"1"}' });
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockRun(join(root, 'run'))));
    expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
    expect(await runHolder(join(root, 'run'))).toMatchObject({ pid: process.pid });
  });

  it('lock a run by the same path, whichever way each has found it', async () => {
    const it = await project();
    const folder = await createRunFolder(it, 'x-20261125T080000Z-0000');
    await writeFile(join(folder, 'journal.jsonl'), '');
    await pointLatestAt(it, folder);
    await symlink('.countersign/latest', join(it.root, 'mine'));
    const found = ['latest', 'mine', '.countersign/latest', basename(folder)];
    const paths = await Promise.all(found.map((name) => findRun(it, it.root, name)));
    expect(new Set(paths).size).toBe(1);
  });

  it('make the same keys for a rehearsal, when both begin at once', async () => {
    const it = await project();
    const made = await Promise.all(Array.from({ length: 8 }, () => rehearsalSigners(it)));
    expect(new Set(made.map(({ bytes }) => bytes.toString())).size).toBe(1);
    expect(made[0]?.signers.people.map(({ roles }) => roles)).toEqual([
      ['engineering'],
      ['qa'],
      ['security'],
    ]);
    expect((await rehearsalSigners(it)).bytes).toEqual(made[0]?.bytes);
  });

  it('a key that can not be read is made again, and the signers file follows', async () => {
    const it = await project();
    const before = await rehearsalSigners(it);
    await mkdir(join(it.state, 'keys'), { recursive: true });
    await writeFile(rehearsalKeyFile(it, 'rehearsal-qa'), 'broken');
    const after = await rehearsalSigners(it);
    expect(after.signers.people[1]?.keys).not.toEqual(before.signers.people[1]?.keys);
    expect(after.signers.people[0]).toEqual(before.signers.people[0]);
    expect(await readFile(rehearsalKeyFile(it, 'rehearsal-qa'), 'utf8')).toContain('PRIVATE KEY');
  });
});

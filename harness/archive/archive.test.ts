import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Zip, ZipDeflate } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountersignError } from '../errors.ts';
import { recompute } from '../gate/recompute.ts';
import { verifyFolder } from '../sign/verify.ts';
import { makeRunFolder, type RunFolder, SIGNED_AT, testPerson, VERSION } from '../testing/run-folder.ts';
import { exportRun } from './export.ts';
import { importRun } from './import.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
let run: RunFolder;
let place: string;
let whole: Buffer;

beforeAll(async () => {
  run = await makeRunFolder({ people: [ada, ben], evidence: { 'log.txt': 'all is well\n'.repeat(200) } });
  await run.sign(ada);
  await run.sign(ben);
  place = await mkdtemp(join(tmpdir(), 'countersign-archive-'));
  await exportRun(run.folder, join(place, 'whole.zip'));
  whole = await readFile(join(place, 'whole.zip'));
});

afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await rm(place, { recursive: true });
});

/** What importing these bytes left: the folder's files, or the refusal with nothing but the archive beside it. */
async function importing(bytes: Uint8Array): Promise<Record<string, string> | CountersignError> {
  const parent = await mkdtemp(join(place, 'import-'));
  const archive = join(parent, 'given.zip');
  await writeFile(archive, bytes);
  try {
    const { folder } = await importRun({ archive, parent, folderOf: () => join(parent, 'run') });
    return await contentOf(folder);
  } catch (thrown) {
    expect(await readdir(parent)).toEqual(['given.zip']);
    if (thrown instanceof CountersignError) return thrown;
    throw thrown;
  }
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = files
    .sort()
    .map(async (file) => [file.slice(folder.length + 1), (await readFile(file)).toString('base64')]);
  return Object.fromEntries(await Promise.all(contents));
}

interface Made {
  name: string;
  content?: Uint8Array;
  os?: number;
  attrs?: number;
}

/** An archive as somebody else could make it. */
function archiveOf(files: readonly Made[]): Buffer {
  const chunks: Uint8Array[] = [];
  const zip = new Zip((_, chunk) => void chunks.push(chunk));
  for (const { name, content = Buffer.from('x'), os, attrs } of files) {
    const entry = new ZipDeflate(name);
    if (os !== undefined) entry.os = os;
    if (attrs !== undefined) entry.attrs = attrs;
    zip.add(entry);
    entry.push(content, true);
  }
  zip.end();
  return Buffer.concat(chunks);
}

const CENTRAL = Buffer.from('PK\u0001\u0002', 'latin1');

/** The first record of the directory at the archive's end, changed in place. */
function changed(bytes: Buffer, change: (record: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy.subarray(copy.indexOf(CENTRAL)));
  return copy;
}

function ended(bytes: Buffer, change: (end: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy.subarray(-22));
  return copy;
}

/** Something in front, all offsets as they have to be then. */
function shifted(bytes: Buffer, front: Buffer): Buffer {
  const moved = changed(bytes, (record) => record.writeUInt32LE(front.length, 42));
  const directory = moved.indexOf(CENTRAL);
  return Buffer.concat([front, ended(moved, (end) => end.writeUInt32LE(directory + front.length, 16))]);
}

describe('exporting a run', () => {
  test('gives the same bytes each time, also from a copy of the folder', async () => {
    const parent = await mkdtemp(join(place, 'copy-'));
    await importRun({
      archive: join(place, 'whole.zip'),
      parent,
      folderOf: () => join(parent, 'other-name'),
    });
    await exportRun(join(parent, 'other-name'), join(place, 'again.zip'));
    expect(whole.equals(await readFile(join(place, 'again.zip')))).toBe(true);
  });

  test('never replaces a file, and refuses a link in the folder', async () => {
    await expect(exportRun(run.folder, join(place, 'whole.zip'))).rejects.toThrow('is there already');
    await using linked = await makeRunFolder({ people: [ada] });
    await symlink('/etc/hostname', join(linked.folder, 'evidence', 'link'));
    await expect(exportRun(linked.folder, join(place, 'linked.zip'))).rejects.toThrow(
      'evidence/link is not a regular file',
    );
    expect(await readdir(place)).not.toContain('linked.zip');
  });
});

describe('importing an archive', () => {
  test('gives the folder back, which verifies on its own', async () => {
    const parent = await mkdtemp(join(place, 'verify-'));
    const { folder, files } = await importRun({
      archive: join(place, 'whole.zip'),
      parent,
      folderOf: (id) => join(parent, id),
    });
    expect(await contentOf(folder)).toEqual(await contentOf(run.folder));
    expect(Object.keys(await contentOf(folder))).toHaveLength(files);
    const { exit } = await verifyFolder({
      folder,
      signers: run.signers,
      now: new Date(SIGNED_AT),
      version: VERSION,
      recompute: (statement) => recompute(folder, statement),
    });
    expect(exit).toBe(0);
  });

  const long = 'x'.repeat(151);
  const zeros = Buffer.alloc(3_000_000);
  test.each<[string, Buffer, string]>([
    ['a path that climbs', archiveOf([{ name: '../report.json' }]), 'invalid relative path'],
    ['a path that climbs later', archiveOf([{ name: 'evidence/../../x' }]), 'invalid relative path'],
    ['an absolute path', archiveOf([{ name: '/etc/passwd' }]), 'absolute path'],
    ['a path of Windows', archiveOf([{ name: 'evidence\\x' }]), 'invalid characters in fileName'],
    ['a hidden name', archiveOf([{ name: '.lock' }]), 'is no path of a run folder'],
    ['a name that is too long', archiveOf([{ name: long }]), 'over 150 characters'],
    ['a path that is too deep', archiveOf([{ name: 'a/b/c/d/e' }]), 'more than 3 folders deep'],
    [
      'a link',
      archiveOf([{ name: 'report.json', os: 3, attrs: (0o120777 << 16) >>> 0 }]),
      'links are refused',
    ],
    ['a name twice', archiveOf([{ name: 'x' }, { name: 'x' }]), 'x stands in it twice'],
    ['names that differ in case', archiveOf([{ name: 'a/x' }, { name: 'A/y' }]), 'differ in case only'],
    ['a file that is a folder too', archiveOf([{ name: 'a' }, { name: 'a/b' }]), 'both a file and a folder'],
    ['trailing data', Buffer.concat([archiveOf([{ name: 'x' }]), Buffer.from('more')]), 'extra bytes'],
    [
      'a file that the end does not count',
      ended(archiveOf([{ name: 'x' }, { name: 'report.json' }]), (end) => end.writeUInt16LE(1, 10)),
      'does not count all',
    ],
    ['data in front', shifted(archiveOf([{ name: 'x' }]), Buffer.from('#!/bin/sh')), 'leave gaps'],
    ['text', Buffer.from('not an archive'), 'Either not a zip file'],
    ['no report', archiveOf([{ name: 'x' }]), 'report.json is missing'],
    [
      'an unknown method',
      changed(archiveOf([{ name: 'x' }]), (record) => record.writeUInt16LE(12, 10)),
      'method (12)',
    ],
    [
      'an encrypted file',
      changed(archiveOf([{ name: 'x' }]), (record) => record.writeUInt16LE(1, 8)),
      'is encrypted',
    ],
    [
      'another name in front',
      changed(archiveOf([{ name: 'x' }]), (record) => record.write('y', 46)),
      'described in two ways',
    ],
    [
      'a wrong checksum',
      changed(archiveOf([{ name: 'x' }]), (record) => record.writeUInt32LE(7, 16)),
      'checksum',
    ],
    [
      'a bomb that says it is small',
      changed(archiveOf([{ name: 'x', content: zeros }]), (record) => record.writeUInt32LE(10, 24)),
      'too many bytes',
    ],
    [
      'a file over the limit',
      changed(archiveOf([{ name: 'x' }]), (record) => record.writeUInt32LE(2 ** 31 - 1, 24)),
      'unpacks to more than 67108864 bytes',
    ],
    ['too many files', archiveOf(Array.from({ length: 6_001 }, (_, n) => ({ name: `f${n}` }))), '6000 files'],
  ])('refuses %s', async (_, bytes, message) => {
    const refusal = await importing(bytes);
    expect(refusal).toBeInstanceOf(CountersignError);
    expect(refusal).toMatchObject({ message: expect.stringContaining(message), exitCode: 4 });
  });

  test('refuses more than one may unpack, though each file is small', async () => {
    const declared = archiveOf(Array.from({ length: 40 }, (_, n) => ({ name: `f${n}` })));
    for (let at = declared.indexOf(CENTRAL); at >= 0; at = declared.indexOf(CENTRAL, at + 4))
      declared.writeUInt32LE(64 * 1024 * 1024, at + 24);
    expect(await importing(declared)).toMatchObject({
      message: expect.stringContaining('more than 2147483648 bytes'),
    });
  });

  test('never replaces a folder', async () => {
    const parent = await mkdtemp(join(place, 'there-'));
    const given = { archive: join(place, 'whole.zip'), parent, folderOf: () => parent };
    await expect(importRun(given)).rejects.toThrow('is there already');
    expect(await readdir(parent)).toEqual([]);
  });

  test('takes a damaged archive as it was, or not at all', async () => {
    const expected = await contentOf(run.folder);
    const directory = whole.indexOf(CENTRAL);
    // Half of the damage falls on the directory at the end, where the decisions are made.
    const offset = fc.oneof(fc.nat(whole.length - 1), fc.integer({ min: directory, max: whole.length - 1 }));
    const damage = fc.oneof(
      fc.record({ at: offset, cut: fc.nat(3), put: fc.uint8Array({ maxLength: 4 }) }),
      fc.record({ at: offset, cut: fc.nat(whole.length), put: fc.constant(new Uint8Array()) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const bytes = damages.reduce<Buffer>(
          (given, { at, cut, put }) => Buffer.concat([given.subarray(0, at), put, given.subarray(at + cut)]),
          whole,
        );
        const outcome = await importing(bytes);
        if (!(outcome instanceof CountersignError)) expect(outcome).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});

import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testContext } from '../../testing/context.ts';
import { keepAttachments } from './keep.ts';
import type { Attachment, TestResult } from './results.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-keep-'));
});
afterAll(() => rm(folder, { recursive: true }));

const test = (attachments: Attachment[], state: TestResult['state'] = 'failed'): TestResult => ({
  title: 'Orders › are paid/once',
  file: 'smoke/orders.spec.ts',
  project: 'api',
  tags: [],
  state,
  duration_ms: 1,
  attempts: 1,
  error: '',
  didNotRun: false,
  interrupted: false,
  attachments,
});

async function keep(...tests: TestResult[]) {
  const context = testContext({ secrets: { TOKEN: 'hunter2-hunter2', KEY: 'HUNTER2_hunter2' } });
  await Promise.all(['TOKEN', 'KEY'].map(context.secret));
  return { leftOut: await keepAttachments(tests, folder, context), kept: context.artifacts };
}

async function file(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const text = (path: string): Attachment => ({ name: 'note', contentType: 'text/plain', path });

describe('attachments', () => {
  it('of tests that did not simply pass are kept, redacted, under a plain name', async () => {
    const path = await file('Note 1.txt', 'Bearer hunter2-hunter2');
    const inline = {
      name: '../../etc HUNTER2_hunter2',
      contentType: 'text/plain',
      body: Buffer.from('inline').toString('base64'),
    };
    const { leftOut, kept } = await keep(
      test([text(path)], 'passed'),
      test([text(path), inline]),
      test([text(path)], 'flaky'),
    );
    expect(leftOut).toBe(0);
    expect([...kept]).toEqual([
      ['tests/2-orders-are-paid-once/1-note-1.txt', 'Bearer [redacted]'],
      ['tests/2-orders-are-paid-once/2-etc-redacted', 'inline'],
      ['tests/3-orders-are-paid-once/1-note-1.txt', 'Bearer [redacted]'],
    ]);
  });

  it('from elsewhere, too large, gone or impossible to search are left out and counted', async () => {
    await symlink('/etc/hostname', join(folder, 'link.txt'));
    const { leftOut, kept } = await keep(
      test([
        text('/etc/hostname'),
        text(join(folder, 'link.txt')),
        text(await file('large.bin', Buffer.alloc(16 * 1024 * 1024 + 1))),
        text(join(folder, 'gone.txt')),
        { ...text(await file('trace.zip', 'no archive')), contentType: 'application/zip' },
        { name: 'empty', contentType: 'text/plain' },
        text(await file('log.gz', gzipSync('hunter2-hunter2'))),
        text(await file('log.bin', Buffer.from('PK\u0003\u0004 and no more'))),
      ]),
    );
    expect(leftOut).toBe(8);
    expect([...kept]).toEqual([]);
  });

  it('beyond the two hundredth are left out', async () => {
    const path = await file('a.txt', 'a');
    const { leftOut, kept } = await keep(test(Array.from({ length: 203 }, () => text(path))));
    expect(kept.size).toBe(200);
    expect(leftOut).toBe(3);
  });
});

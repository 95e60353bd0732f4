import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, testProject } from '../testing/cli.ts';
import { confine, openProject } from './project.ts';

const withConfig = (text: string) =>
  testProject({ 'checklists/environments.yml': 'environments: {}\n', 'countersign.config.mjs': text });

describe('countersign.config', () => {
  it.each([
    ['export default {checks: 5}', '`checks` is not a list'],
    ['export default {checks: [null]}', '`checks[0]` is not what defineCheck gives'],
    ["export default {checks: [{kind: 'half'}]}", '`checks[0]` is not what defineCheck gives'],
    ['export const checks = []', 'it has no default export'],
    ["throw new Error('boom')", 'boom'],
    ['throw Object.create(null)', '[Object: null prototype] {}'],
  ])('names what is wrong with `%s`', async (text, message) => {
    await expect(openProject(await withConfig(text))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `could not be loaded: ${message}`,
      where: { file: 'countersign.config.mjs' },
    });
  });

  it('a config that never answers ends the command with 3 and a word', async () => {
    const { exit, stderr } = await runCli(await withConfig('await new Promise(() => {});'), ['gate', 'list']);
    expect(exit).toBe(3);
    expect(stderr).toContain('something never answers');
  });
});

it('a path of state that is no folder is not called a defect', async () => {
  const root = await testProject({
    '.countersign': 'a file',
    'checklists/environments.yml': 'environments: {local: {title: L, rehearsal: true}}\n',
    'checklists/x.gate.yml':
      'gate: x\ntitle: X\nenvironment: local\nitems: [{id: a, title: A, attest: {role: qa}}]\nsign: {require: [{role: qa}]}\n',
  });
  const { exit, stderr } = await runCli(root, ['gate', 'run', 'x']);
  expect(exit).toBe(3);
  expect(stderr).toContain('error SYSTEM: ENOTDIR');
});

describe('confine', () => {
  it('refuses what leaves the project or passes through a link, wherever the link stands', async () => {
    const outside = await testProject({ 'outside/evil.mjs': '' });
    const root = await testProject({ 'inside/good.mjs': '' });
    await symlink(join(outside, 'outside'), join(root, 'folder'));
    await symlink(join(outside, 'outside/evil.mjs'), join(root, 'inside/file.mjs'));
    await symlink(join(outside, 'nowhere'), join(root, 'dangling'));
    expect(confine(root, 'inside/good.mjs')).toBe(join(root, 'inside/good.mjs'));
    expect(confine(root, 'inside/not-yet/there.mjs')).toBe(join(root, 'inside/not-yet/there.mjs'));
    for (const path of [
      'folder/evil.mjs',
      'inside/file.mjs',
      'inside/../folder/evil.mjs',
      'dangling',
      '../x',
      '..',
      '/etc/passwd',
    ]) {
      expect(() => confine(root, path), path).toThrow(expect.objectContaining({ code: 'PATH_ESCAPES' }));
    }
  });
});

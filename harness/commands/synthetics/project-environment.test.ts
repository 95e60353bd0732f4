import { describe, expect, it } from 'vitest';
import { testProject } from '../../testing/cli.ts';
import { projectEnvironment } from './project-environment.ts';

const withFile = (text: string) => testProject({ 'checklists/environments.yml': text });

describe('the environment of the project', () => {
  it('is found by its name, however that is written', async () => {
    const plain = await withFile('environments:\n  staging: {title: Staging, rehearsal: true}\n');
    expect(await projectEnvironment(plain, 'staging')).toMatchObject({ name: 'staging' });
    const escaped = await withFile('environments:\n  "st\\x61ging": {title: Staging, rehearsal: true}\n');
    expect(await projectEnvironment(escaped, 'staging')).toMatchObject({ name: 'staging' });
  });

  it('is none where there is no name, no file, or none of that name in it', async () => {
    const root = await withFile('environments:\n  staging: {title: Staging, rehearsal: true}\n');
    for (const name of [undefined, 'other', 'stag'])
      expect(await projectEnvironment(root, name)).toBeUndefined();
    expect(await projectEnvironment(await testProject({}), 'staging')).toBeUndefined();
  });

  it('is an error where the file that may name it is not whole', async () => {
    const root = await withFile('environments:\n  staging: {title: Staging, rehersal: true}\n');
    await expect(projectEnvironment(root, 'staging')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';
import { checkChangelog, checkMigrations } from '#scripts/release-check.ts';

describe('N11: release-check', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-migrations-'));
    await cp('pipeline/migrations', folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const first = '0001_mono-accounts.sql';

  it('finds our own migrations in order, each with a way back', async () => {
    expect(await checkMigrations(folder)).toEqual({ problems: [] });
  });

  it.each([
    ['a number that is taken', 'x', '0001_other.sql', `0001_other.sql and ${first} have the same number`],
    ['a name out of the order', 'x', 'users.sql', 'users.sql is no name of a migration'],
    ['no way back', '-- Down Migration', '0099_last.sql', '0099_last.sql does nothing under "-- Down'],
    [
      'only a comment on the way up',
      '-- Up Migration',
      '0099_last.sql',
      '0099_last.sql does nothing under "-- Up',
    ],
  ])('tells of %s', async (_name, without, file, problem) => {
    const text = (await readFile(join(folder, first), 'utf8')).replace(without, '-- nothing');
    const [up = ''] = text.split('-- Down Migration');
    await writeFile(join(folder, file), without === '-- Down Migration' ? up : text);
    const { problems } = await checkMigrations(folder);
    expect(problems.join()).toContain(problem);
  });

  it('tells of a folder without migrations', async () => {
    const empty = join(folder, 'empty');
    await cp('alerts/runbooks', empty, { recursive: true, filter: (path) => !path.endsWith('.md') });
    expect((await checkMigrations(empty)).problems).toEqual([`${empty} holds no migration`]);
  });

  it('wants a changelog that tells of the version, or of what is not released yet', () => {
    expect(checkChangelog('# C\n\n## 1.2.3\n\n- This.\n', '1.2.3')).toEqual([]);
    expect(checkChangelog('# C\n\n## Unreleased\n\n- This.\n', '1.2.3')).toEqual([]);
    expect(checkChangelog('## [1.2.3] (unreleased)\n\n- This.\n', '1.2.3')).toEqual([]);
    const missing = ['CHANGELOG.md tells nothing of 1.2.3, nor under "Unreleased"'];
    expect(checkChangelog('## 1.2.2\n\n- Until 1.2.3 comes.\n', '1.2.3')).toEqual(missing);
    expect(checkChangelog('## 11.2.3\n\n- That.\n', '1.2.3')).toEqual(missing);
    expect(checkChangelog('# C\n\n## Unreleased\n\n## 1.2.2\n\n- That.\n', '1.2.3')).toEqual(missing);
  });

  it('makes just the checks that are asked for, and knows no others', async () => {
    const one = await runScript('scripts/release-check.ts', ['--only', 'migrations'], {});
    const checks = [{ name: 'migrations', ok: true }];
    expect([one.code, JSON.parse(one.stdout)]).toMatchObject([0, { checks, problems: [] }]);
    const other = await runScript('scripts/release-check.ts', ['--only', 'tests'], {});
    expect([other.code, other.stderr]).toEqual([1, 'release-check: there is no check tests\n']);
  });

  it('explains itself', async () => {
    const { code, stdout } = await runScript('scripts/release-check.ts', ['--help'], {});
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      'Usage: node scripts/release-check.ts [--only CHECK…]',
    ]);
  });
});

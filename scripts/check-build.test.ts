import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';
import { type Build, differenceOf } from './check-build.ts';

const released: Build = {
  version: '0.2.0',
  migration_revision: '0028_payouts-laws-by-statement',
  git_sha: '0123456789abcdef0123456789abcdef01234567',
};

describe('what runs and what is released', () => {
  it('are the same build, whether the service names its commit whole, short or not', () => {
    for (const git_sha of [released.git_sha, '0123456', null]) {
      expect(differenceOf({ ...released, git_sha }, released, false)).toBe('');
    }
  });

  it.each<[string, Partial<Build>, boolean, RegExp]>([
    [
      'of another version',
      { version: '0.1.0' },
      false,
      /^version of what runs is 0\.1\.0, and of the release 0\.2\.0$/,
    ],
    [
      'with a migration less',
      { migration_revision: '0026_payouts-paid-round' },
      false,
      /^migration_revision of what runs/,
    ],
    ['that says nothing of itself', { version: null }, false, /^version of what runs is null/],
    ['of another commit', { git_sha: 'fedcba9' }, false, /^git_sha of what runs is fedcba9/],
    ['of a commit too short to tell', { git_sha: '01' }, false, /^git_sha of what runs is 01,/],
    [
      'that has to name its commit and does not',
      { git_sha: null },
      true,
      /^what runs does not name its commit$/,
    ],
  ])('differ: a build %s', (_name, said, isCommitNamed, difference) => {
    expect(differenceOf({ ...released, ...said }, released, isCommitNamed)).toMatch(difference);
  });

  it('differ where the release itself cannot be told', () => {
    const unknown = { version: null, migration_revision: null, git_sha: null };
    expect(differenceOf(unknown, unknown, false)).not.toBe('');
    expect(differenceOf(released, { ...released, git_sha: null }, false)).toMatch(/of the release null$/);
  });
});

it('of several instances the one that is not the release is named', async () => {
  const listening = await Promise.all(
    ['0.0.1', '0.0.2'].map(async (version) => {
      const server = createServer((_request, response) => response.end(JSON.stringify({ version })));
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    }),
  );
  const urls = listening.map(({ url }) => url);
  try {
    const env = { PATH: process.env['PATH'], COMMIT_NAMED: 'no', SERVICE_URL: urls.join() };
    const { code, stdout } = await runScript('scripts/check-build.ts', [], env);
    expect(code).toBe(1);
    const { instances, version, problem } = JSON.parse(stdout);
    expect({ instances, version }).toEqual({ instances: 2, version: '0.0.1' });
    expect(problem).toContain(`${urls[0]}: version of what runs is 0.0.1, and of the release `);
  } finally {
    for (const { server } of listening) server.close();
  }
  const none = await runScript('scripts/check-build.ts', [], { COMMIT_NAMED: 'no', SERVICE_URL: ', ' });
  expect(none).toMatchObject({ code: 2, stderr: 'check-build: SERVICE_URL required\n' });
});

import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BadServer, startBadServer } from '../../testing/bad-server.ts';
import { probeContext } from '../../testing/probe-context.ts';
import { probe } from './probe.ts';

let server: BadServer;
beforeAll(async () => {
  server = await startBadServer();
});
afterAll(() => server.close());

const script = `
  import { probe } from ${JSON.stringify(new URL('./probe.ts', import.meta.url))};
  import { probeContext } from ${JSON.stringify(new URL('../../testing/probe-context.ts', import.meta.url))};
  const check = { name: 'health', url: process.argv[1] };
  await probe(check, probeContext());
  const all = await Promise.all(Array.from({ length: 150 }, () => probe(check, probeContext())));
  const reasons = all.filter(({ state }) => state === 'error').map(({ reason }) => reason);
  console.log(JSON.stringify({ states: [...new Set(all.map(({ state }) => state))].sort(), reason: reasons[0] }));
`;

it('does not blame the target when this process has no file handle left', async () => {
  const args = ['-c', 'ulimit -n 90; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script];
  const said = await new Promise<string>((resolve, reject) => {
    execFile('sh', [...args, `${server.url}/health`], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  expect(JSON.parse(said)).toEqual({
    states: ['error', 'passed'],
    reason: expect.stringContaining('could not be asked: this process has no file handle left (EMFILE)'),
  });
});

it('tries every address of a name, and tells of those that it reached', async () => {
  const both = ['::1', '127.0.0.1'].map((address) => ({ address, family: address === '::1' ? 6 : 4 }));
  const context = probeContext({ lookUp: (_host, done) => done(null, both) });
  expect(
    await probe({ name: 'health', url: `http://shop.example:${server.port}/health` }, context),
  ).toMatchObject({
    state: 'passed',
  });
  const closed = await startBadServer();
  await closed.close();
  const { state, reason } = await probe(
    { name: 'health', url: `http://shop.example:${closed.port}/` },
    context,
  );
  expect(state).toBe('failed');
  expect(reason).toContain(`found nothing listening at shop.example:${closed.port}`);
});

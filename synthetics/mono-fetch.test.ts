import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningSimulator, startMonoSimulator } from '#pipeline/simulators/mono/start.ts';

const script = fileURLToPath(new URL('./mono-fetch.ts', import.meta.url));

function run(env: Record<string, string>): Promise<{ exit: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe('M19: a fetch from Mono with sandbox credentials', () => {
  let mono: RunningSimulator;
  const fetchWith = (env: Record<string, string> = {}) =>
    run({
      MONO_BASE_URL: mono.url,
      MONO_API_ACCOUNT_ID: 'acc_sandbox_123',
      MONO_SECRET_KEY: 'test_sk_simulator',
      ...env,
    });
  beforeAll(async () => {
    mono = await startMonoSimulator();
  });
  afterAll(() => mono.close());

  it('prints how many transactions came, and how many there are', async () => {
    const { exit, stdout, stderr } = await fetchWith();
    expect([exit, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({ fetched: 20, total: 307 });
  });

  it.each([
    ['an account without transactions', { MONO_API_ACCOUNT_ID: 'acc_sandbox_empty' }, 'no transaction'],
    ['an account that Mono does not know', { MONO_API_ACCOUNT_ID: 'acc_other' }, 'MonoNotFoundError'],
    ['no account', { MONO_API_ACCOUNT_ID: '' }, 'MONO_API_ACCOUNT_ID is not set'],
    ['another key', { MONO_SECRET_KEY: 'test_sk_other' }, 'MonoAuthError'],
    ['no key', { MONO_SECRET_KEY: '' }, 'MonoAuthError NO_TOKEN'],
    ['a Mono that is not there', { MONO_BASE_URL: 'http://127.0.0.1:1' }, 'MonoNetworkError'],
  ])('fails for %s, without a word of the key', async (_, env, message) => {
    const { exit, stdout, stderr } = await fetchWith(env);
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('test_sk');
  });

  it('does not hide a failure behind a second attempt', async () => {
    mono.control.addFault({ kind: 'server_error', calls: 1 });
    expect((await fetchWith()).exit).toBe(1);
  });
});

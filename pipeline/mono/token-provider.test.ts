import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { callbackSecret, createTokenProvider, envSecret, fileSecret } from './token-provider.ts';

const minute = 60_000;

/** A source that gives key1, key2 … and counts how often it was read. */
function counting() {
  const source = { reads: 0 };
  const load = callbackSecret('vault mono/key', async () => {
    source.reads += 1;
    return `key${source.reads}`;
  });
  return { source, load };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('token provider', () => {
  it('reads the source once for all who ask at the same time, and then keeps the token', async () => {
    const { source, load } = counting();
    const provider = createTokenProvider({ load });
    expect(await Promise.all([provider.token(), provider.token(), provider.token()])).toEqual(
      Array(3).fill('key1'),
    );
    expect(await provider.token()).toBe('key1');
    expect(source.reads).toBe(1);
  });

  it('keeps a token for 60 minutes and not a millisecond longer', async () => {
    vi.useFakeTimers();
    const provider = createTokenProvider({ load: counting().load });
    await provider.token();
    await vi.advanceTimersByTimeAsync(60 * minute - 1);
    expect(await provider.token()).toBe('key1');
    expect(provider.ageSeconds()).toBeCloseTo(3600, 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(provider.ageSeconds()).toBe(0);
    expect(await provider.token()).toBe('key2');
  });

  it('forgets by the clock even when the timer comes late', async () => {
    let now = 0;
    const provider = createTokenProvider({
      load: counting().load,
      maxAgeMs: minute,
      clock: { monotonic: () => now },
    });
    await provider.token();
    now = 30_000;
    expect(provider.ageSeconds()).toBe(30);
    now = minute;
    expect(await provider.token()).toBe('key2');
    provider.invalidate();
  });

  it.each([0, -1, 60 * minute + 1, Number.NaN])('refuses to keep a token for %d ms', (maxAgeMs) => {
    expect(() => createTokenProvider({ load: counting().load, maxAgeMs })).toThrow(RangeError);
  });

  it('asks the refresh callback after a refusal, and the source again after mere age', async () => {
    vi.useFakeTimers();
    const provider = createTokenProvider({ load: counting().load, refresh: async () => 'fresh' });
    expect(await provider.token()).toBe('key1');
    provider.invalidate('key1');
    expect(await provider.token()).toBe('fresh');
    await vi.advanceTimersByTimeAsync(60 * minute);
    expect(await provider.token()).toBe('key2');
  });

  it('keeps a newer token when an older one is refused late', async () => {
    const { source, load } = counting();
    const provider = createTokenProvider({ load });
    await provider.token();
    provider.invalidate('another');
    expect(await provider.token()).toBe('key1');
    expect(source.reads).toBe(1);
  });

  it('ends the wait of one who aborts without ending that of the others', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const provider = createTokenProvider({ load: callbackSecret('slow', () => promise) });
    const abort = new AbortController();
    const impatient = provider.token(abort.signal);
    const patient = provider.token();
    abort.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    resolve('key');
    expect(await patient).toBe('key');
  });

  it('tries again after a failed reading', async () => {
    const answers = ['', 'key'];
    const provider = createTokenProvider({
      load: callbackSecret('vault', async () => answers.shift() ?? ''),
    });
    await expect(provider.token()).rejects.toMatchObject({ name: 'MonoAuthError', code: 'NO_TOKEN' });
    expect(await provider.token()).toBe('key');
  });

  it('names the source and nothing else when it can not be read', async () => {
    const load = callbackSecret('vault mono/key', async () => {
      throw new Error('denied for live_sk_123 at https://vault.example');
    });
    const provider = createTokenProvider({ load });
    const error = await provider.token().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NO_TOKEN', message: expect.stringContaining('vault mono/key') });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/live_sk|vault\.example/);
  });

  it.each(['', '  ', 'two words', 'line\nbreak', 'ключ'])(
    'refuses %j as a key without quoting it',
    async (value) => {
      const provider = createTokenProvider({ load: callbackSecret('vault', async () => value) });
      await expect(provider.token()).rejects.toThrow(/^no Mono key: vault is empty or holds no key$/);
    },
  );
});

describe('secret sources', () => {
  it('read an environment variable at the moment of asking', async () => {
    const env: Record<string, string> = {};
    const source = envSecret('MONO_SECRET_KEY', env);
    env.MONO_SECRET_KEY = 'test_sk_1';
    expect([await source.read(), source.describe()]).toEqual(['test_sk_1', 'env MONO_SECRET_KEY']);
  });

  it('read a mounted file and what a rotation puts there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mono-token-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'key');
    const provider = createTokenProvider({ load: fileSecret(file) });
    await writeFile(file, 'test_sk_1\n');
    expect(await provider.token()).toBe('test_sk_1');
    await writeFile(file, 'test_sk_2\n');
    provider.invalidate('test_sk_1');
    expect(await provider.token()).toBe('test_sk_2');
    expect(provider.describe()).toBe(`file ${file}`);
  });
});

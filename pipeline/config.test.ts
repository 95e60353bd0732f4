import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const good = { DATABASE_URL: 'postgres://x@127.0.0.1/y', JWT_SECRET_KEY: 'sixteen-characters' };
const folder = mkdtempSync(join(tmpdir(), 'countersign-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('M1: configuration', () => {
  it('has the documented defaults', () => {
    expect(loadConfig(good).values).toMatchObject({
      MONO_RATE_LIMIT_PER_MINUTE: 60,
      MONO_DEFAULT_TRANSACTION_LIMIT: 50,
      MONO_TRANSACTIONS_ENABLED: false,
      MONO_VERIFY_WEBHOOKS: true,
      MONO_WEBHOOK_MODE: 'hmac-sha512',
      MONO_BASE_URL: 'https://api.withmono.com',
      HOST: '127.0.0.1',
    });
  });

  it('names every bad variable in one message, and quotes none of their values', () => {
    const env = {
      JWT_SECRET_KEY: 'short',
      MONO_RATE_LIMIT_PER_MINUTE: 'sixty',
      MONO_ENVIRONMENT: 'moon',
      MONO_TRANSACTIONS_ENABLED: 'perhaps',
      MONO_BASE_URL: 'ftp://mono',
    };
    let message = '';
    try {
      loadConfig(env);
    } catch (error) {
      message = (error as Error).message;
    }
    for (const name of ['DATABASE_URL', ...Object.keys(env)]) expect(message).toContain(name);
    expect(message).not.toMatch(/short|sixty|moon|perhaps|ftp/);
  });

  it.each(['1', 'true', 'YES', 'on'])('takes %s for true', (word) => {
    const env = { ...good, MONO_TRANSACTIONS_ENABLED: word, MONO_WEBHOOK_SECRET: 's' };
    expect(loadConfig(env).values.MONO_TRANSACTIONS_ENABLED).toBe(true);
  });

  it('reads a secret from the file that NAME_FILE names, and refuses both at once', () => {
    const file = join(folder, 'key');
    writeFileSync(file, 'test_sk_file\n');
    const loaded = loadConfig({ ...good, MONO_SECRET_KEY_FILE: file });
    expect(loaded.values.MONO_SECRET_KEY).toBe('test_sk_file');
    expect(loaded.settings.find(({ name }) => name === 'MONO_SECRET_KEY')).toMatchObject({ source: 'file' });
    expect(() => loadConfig({ ...good, MONO_SECRET_KEY: 'x', MONO_SECRET_KEY_FILE: file })).toThrow(
      /both set/,
    );
    expect(() => loadConfig({ ...good, MONO_SECRET_KEY_FILE: join(folder, 'none') })).toThrow(
      /cannot be read/,
    );
  });

  it('M11: refuses to verify webhooks with no secret while the pipeline is on', () => {
    const env = { ...good, MONO_TRANSACTIONS_ENABLED: 'true' };
    expect(() => loadConfig(env)).toThrow(/MONO_WEBHOOK_SECRET/);
    expect(() => loadConfig({ ...env, MONO_VERIFY_WEBHOOKS: 'false' })).not.toThrow();
  });
});

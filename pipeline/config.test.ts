import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const good = {
  DATABASE_URL: 'postgres://x@127.0.0.1/y',
  JWT_SECRET_KEY: 'sixteen-characters',
  JWT_SECRET: 'sixteen-others-of-them',
};
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

const messageOf = (env: NodeJS.ProcessEnv) => {
  try {
    loadConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('N7: domains and production', () => {
  const database = { DATABASE_URL: 'postgres://x@127.0.0.1/y' };

  it('asks for the key of a domain only where the domain runs', () => {
    const alone = { ...database, DOMAINS: 'payouts', JWT_SECRET: 'sixteen-others-of-them' };
    expect(loadConfig(alone).values.JWT_SECRET_KEY).toBeUndefined();
    expect(messageOf({ ...database, DOMAINS: 'mono,economy' })).toMatch(/JWT_SECRET_KEY is required/);
    expect(messageOf({ ...database, DOMAINS: 'mono,economy' })).not.toMatch(/JWT_SECRET is/);
    expect(messageOf(database)).toMatch(/JWT_SECRET_KEY is required.*JWT_SECRET is required/);
    expect(messageOf({ ...alone, MONO_TRANSACTIONS_ENABLED: 'true' })).toBe('');
    expect(messageOf({ ...good, DOMAINS: 'payouts,moon' })).toMatch(/DOMAINS/);
  });

  it.each(['999.1.1.1', '10.0.0.0/99', '0.0.0.0/0', '10.0.0.1/8/8', 'abc', '10.0.0.1,'])(
    'refuses %s as proxies, by name',
    (TRUSTED_PROXIES) => {
      expect(messageOf({ ...good, TRUSTED_PROXIES })).toMatch(/^bad configuration: TRUSTED_PROXIES must/);
    },
  );

  it('takes addresses and networks as proxies', () => {
    expect(messageOf({ ...good, TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8,::1,fd00::/8' })).toBe('');
  });

  it('refuses one secret for both realms', () => {
    expect(messageOf({ ...good, JWT_SECRET: good.JWT_SECRET_KEY })).toMatch(/JWT_SECRET must not be/);
  });

  it('ENV=prod refuses weak and missing secrets, all at once, and quotes none of them', () => {
    const weak = {
      ...database,
      ENV: 'prod',
      DOMAINS: 'payouts',
      JWT_SECRET: 'fifteen-letters',
      MOMO_WEBHOOK_SECRET: 'short',
    };
    const message = messageOf(weak);
    for (const name of ['JWT_SECRET', 'TMONEY', 'FLOOZ', 'MOMO', 'THUNES', 'CORS_ALLOW_ORIGINS']) {
      expect(message).toContain(name);
    }
    expect(message).not.toMatch(/fifteen|short/);
    const strong = {
      ...weak,
      TMONEY_WEBHOOK_SECRET: 'a-secret-of-tmoney-for-ever',
      FLOOZ_WEBHOOK_SECRET: 'a-secret-of-flooz-for-ever',
      MOMO_WEBHOOK_SECRET: 'a-secret-of-momo-for-ever',
      THUNES_WEBHOOK_SECRET: 'a-secret-of-thunes-for-ever',
      JWT_SECRET: 'sixteen-letters-',
      CORS_ALLOW_ORIGINS: 'https://app.example.com,https://admin.example.com',
    };
    expect(messageOf(strong)).toBe('');
    expect(messageOf({ ...strong, CORS_ALLOW_ORIGINS: '*' })).toMatch(/CORS_ALLOW_ORIGINS/);
    expect(messageOf({ ...strong, ENV: 'dev', CORS_ALLOW_ORIGINS: '' })).toBe('');
    expect(messageOf({ ...strong, MOMO_WEBHOOK_SECRET_PREVIOUS: strong.MOMO_WEBHOOK_SECRET })).toBe('');
    const odd = {
      JWT_SECRET: ' '.repeat(16),
      TMONEY_WEBHOOK_SECRET: 'dev_secret_tmoney',
      MOMO_WEBHOOK_SECRET_PREVIOUS: 'short',
      THUNES_WEBHOOK_SECRET: strong.FLOOZ_WEBHOOK_SECRET,
      FLOOZ_BASE_URL: 'https://flooz.example.com',
      MOMO_BASE_URL: 'https://momo.example.com',
    };
    const { message: all } =
      /bad configuration: (?<message>.*)/.exec(messageOf({ ...strong, ...odd }))?.groups ?? {};
    expect(all?.split('; ').sort()).toEqual([
      'FLOOZ_PASSWORD is required with ENV=prod and FLOOZ_BASE_URL',
      'FLOOZ_USER is required with ENV=prod and FLOOZ_BASE_URL',
      'JWT_SECRET must have 6 different characters or more with ENV=prod',
      'MOMO_API_KEY is required with ENV=prod and MOMO_BASE_URL',
      'MOMO_API_USER is required with ENV=prod and MOMO_BASE_URL',
      'MOMO_SUBSCRIPTION_KEY is required with ENV=prod and MOMO_BASE_URL',
      'MOMO_TARGET_ENVIRONMENT is sandbox, where nobody is paid, but ENV is prod',
      'MOMO_WEBHOOK_SECRET_PREVIOUS must have 16 characters or more with ENV=prod',
      'THUNES_WEBHOOK_SECRET is the same as FLOOZ_WEBHOOK_SECRET, and must not be with ENV=prod',
      'TMONEY_WEBHOOK_SECRET is an example, and not for ENV=prod',
    ]);
  });
});

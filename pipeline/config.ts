import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { checkDomains, domainsOf } from '#pipeline/config-domains.ts';
import { payoutProperties } from '#pipeline/config-payouts.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';

const url = (scheme: string, options = {}) => Type.String({ pattern: `^(${scheme})://`, ...options });
const integer = (minimum: number, maximum: number, fallback: number) =>
  Type.Integer({ minimum, maximum, default: fallback });
/** Empty means "not configured": the pipeline then answers that credentials are missing. */
const secret = () => Type.String({ default: '', secret: true });
const key = () => Type.Optional(Type.String({ minLength: 16, secret: true }));

/** Every variable the service reads: validation, types, defaults and the settings route come from here. */
export const ConfigSchema = Type.Object({
  DATABASE_URL: url('postgres|postgresql', { secret: true }),
  REDIS_URL: Type.Optional(url('redis|rediss', { secret: true })),
  ENV: Type.Union([Type.Literal('dev'), Type.Literal('staging'), Type.Literal('prod')], { default: 'dev' }),
  /** What of the service runs here: a comma list. Each domain asks for its own variables only. */
  DOMAINS: Type.String({
    pattern: '^(mono|economy|payouts)(,(mono|economy|payouts))*$',
    default: 'mono,economy,payouts',
  }),
  /** Signs the tokens of mono, of economy and of the administration. */
  JWT_SECRET_KEY: key(),
  /** Signs the tokens of payouts. */
  JWT_SECRET: key(),
  MONO_SECRET_KEY: secret(),
  MONO_APP_ID: Type.String({ default: '' }),
  MONO_PUBLIC_KEY: Type.String({ default: '' }),
  MONO_WEBHOOK_SECRET: secret(),
  MONO_WEBHOOK_SECRET_PREVIOUS: secret(),
  MONO_VERIFY_WEBHOOKS: Type.Boolean({ default: true }),
  MONO_WEBHOOK_MODE: Type.Union(
    [Type.Literal('hmac-sha512'), Type.Literal('shared-secret'), Type.Literal('either')],
    { default: 'hmac-sha512' },
  ),
  MONO_RATE_LIMIT_PER_MINUTE: integer(1, 100_000, 60),
  MONO_DEFAULT_TRANSACTION_LIMIT: integer(1, 1000, 50),
  MONO_ENVIRONMENT: Type.Union([Type.Literal('sandbox'), Type.Literal('production')], { default: 'sandbox' }),
  MONO_TRANSACTIONS_ENABLED: Type.Boolean({ default: false }),
  MONO_BASE_URL: url('https?', { default: 'https://api.withmono.com' }),
  MONO_REQUEST_TIMEOUT: integer(1, 300, 30),
  MONO_MAX_PAGES: integer(1, 1_000_000, 10_000),
  MONO_MAX_BODY_BYTES: integer(1024, 268_435_456, 16_777_216),
  /** Repetitions of one request; otherwise the policy of the operation holds. */
  MONO_RETRIES: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
  MONO_BACKOFF_FACTOR: Type.Number({ minimum: 1, maximum: 100, default: 1 }),
  MONO_OVERLAP_DAYS: integer(0, 90, 3),
  MONO_RAW_RETENTION_DAYS: integer(1, 3650, 30),
  MONO_SYNC_SCHEDULE: Type.String({ default: '' }),
  MODERATION_OBSERVABILITY_ENABLED: Type.Boolean({ default: false }),
  PURCHASE_ENFORCEMENT_ENABLED: Type.Boolean({ default: false }),
  MODERATION_ENFORCEMENT_WS: Type.Boolean({ default: false }),
  MODERATION_CACHE_ENABLED: Type.Boolean({ default: true }),
  MODERATION_CACHE_TTL_SECONDS: integer(1, 3600, 60),
  MODERATION_SAMPLING_RATE: Type.Number({ minimum: 0, maximum: 1, default: 0.1 }),
  SHOP_HOLD_SECONDS: integer(1, 2_592_000, 86_400),
  TMONEY_WEBHOOK_SECRET: secret(),
  TMONEY_WEBHOOK_SECRET_PREVIOUS: secret(),
  FLOOZ_WEBHOOK_SECRET: secret(),
  FLOOZ_WEBHOOK_SECRET_PREVIOUS: secret(),
  MOMO_WEBHOOK_SECRET: secret(),
  MOMO_WEBHOOK_SECRET_PREVIOUS: secret(),
  THUNES_WEBHOOK_SECRET: secret(),
  THUNES_WEBHOOK_SECRET_PREVIOUS: secret(),
  /** A comma list of origins whose pages may call the service. */
  CORS_ALLOW_ORIGINS: Type.String({
    pattern: '^(https?://[^\\s,/]+(, ?https?://[^\\s,/]+)*)?$',
    default: '',
  }),
  /** A comma list of addresses or networks whose X-Forwarded-For is believed. */
  TRUSTED_PROXIES: Type.String({ pattern: '^([0-9a-fA-F.:/]+(,[0-9a-fA-F.:/]+)*)?$', default: '' }),
  /** Where it is set, routes of payouts want it as X-Staging-Key. */
  STAGING_KEY: secret(),
  /** Where it is set and ENV is not prod, it makes the first administrator of payouts. */
  BOOTSTRAP_SECRET: secret(),
  LOGINS_PER_MINUTE: integer(1, 100_000, 120),
  WEBHOOKS_PER_MINUTE: integer(1, 100_000, 300),
  IDEMPOTENCY_RETENTION_HOURS: integer(24, 8760, 24),
  PAYOUT_FEE_BASIS_POINTS: integer(0, 10_000, 0),
  /** Of one wallet in a day of UTC; 0: no limit. */
  CASH_OUT_DAILY_LIMIT_CENTS: integer(0, Number.MAX_SAFE_INTEGER, 0),
  ...payoutProperties,
  METRICS_MAX_ACCOUNTS: integer(1, 10_000, 200),
  ROUTER_VALIDATE_ON_STARTUP: Type.Boolean({ default: true }),
  ROUTER_FAIL_FAST_ON_STARTUP: Type.Boolean({ default: true }),
  FLAG_POLL_INTERVAL_MS: integer(100, 60_000, 1000),
  QUEUE_POLL_INTERVAL_MS: integer(500, 60_000, 1000),
  DB_POOL_MAX: integer(2, 500, 10),
  DB_POOL_MAX_WAITING: integer(0, 10_000, 100),
  /** Of a request for a connection of the pool: who is refused knows so within a quarter of a second. */
  DB_ACQUIRE_TIMEOUT_MS: integer(10, 60_000, 150),
  /** 0: no limit. */
  MAX_EVENT_LOOP_DELAY_MS: integer(0, 60_000, 1000),
  DRAIN_TIMEOUT_MS: integer(100, 600_000, 20_000),
  PORT: integer(0, 65_535, 8080),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1' }),
  /** Of what is deployed; the health routes tell it. */
  GIT_SHA: Type.String({ pattern: '^([0-9a-f]{7,64})?$', default: '' }),
  INSTANCE_ID: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info' },
  ),
});

export type Config = Static<typeof ConfigSchema>;
export type ConfigName = keyof Config;

export interface Setting {
  name: ConfigName;
  set: boolean;
  source: 'default' | 'env' | 'file';
  secret: boolean;
}

export interface LoadedConfig {
  values: Config;
  settings: Setting[];
}

const truthy = new Set(['1', 'true', 'yes', 'on']);
const falsy = new Set(['0', 'false', 'no', 'off']);

/** Turns the text of a variable into what its schema wants; text that is not understood stays, and is refused. */
function decode(schema: TSchema, text: string): unknown {
  const type = (schema as { type?: string }).type;
  if (type === 'boolean') {
    const word = text.trim().toLowerCase();
    if (truthy.has(word)) return true;
    return falsy.has(word) ? false : text;
  }
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  return text;
}

interface Reading {
  text?: string;
  source: Setting['source'];
  problem?: string;
}

/** `NAME_FILE` wins over nothing, never over `NAME`: two sources for one secret are a mistake. */
function read(env: NodeJS.ProcessEnv, name: string): Reading {
  const direct = env[name];
  const file = env[`${name}_FILE`];
  if (direct !== undefined && direct !== '' && file) {
    return { source: 'env', problem: `${name} and ${name}_FILE are both set` };
  }
  if (file) {
    try {
      return { text: readFileSync(file, 'utf8').trim(), source: 'file' };
    } catch {
      return { source: 'file', problem: `${name}_FILE names a file that cannot be read` };
    }
  }
  if (direct === undefined || direct === '') return { source: 'default' };
  return { text: direct, source: 'env' };
}

/** All problems in one message: nobody should fix a configuration one restart at a time. */
export function loadConfig(env: NodeJS.ProcessEnv): LoadedConfig {
  const fallbackId = `${hostname().replace(/[^A-Za-z0-9._-]/g, '-')}-${randomUUID().slice(0, 8)}`.slice(-64);
  const raw: Record<string, unknown> = {};
  const settings: Setting[] = [];
  const problems = new Map<string, string>();
  for (const [name, schema] of Object.entries(ConfigSchema.properties) as [ConfigName, TSchema][]) {
    const found = read(env, name);
    if (found.problem) problems.set(name, found.problem);
    const fallback = name === 'INSTANCE_ID' ? fallbackId : (schema as { default?: unknown }).default;
    const value = found.text === undefined ? fallback : decode(schema, found.text);
    if (value !== undefined) raw[name] = value;
    settings.push({
      name,
      set: value !== undefined && value !== '',
      source: found.source,
      secret: (schema as { secret?: boolean }).secret === true,
    });
    if (problems.has(name)) continue;
    if (value === undefined) {
      if (!(ConfigSchema.required as readonly string[]).includes(name)) continue;
      problems.set(name, `${name} is required`);
    } else if (!Value.Check(schema, value)) {
      problems.set(name, `${name} ${wanted(schema, value)}`);
    }
  }
  crossCheck(raw as Partial<Config>, problems);
  checkDomains(raw as Partial<Config>, problems);
  if (problems.size > 0) {
    throw new ServiceError('CONFIG_INVALID', `bad configuration: ${[...problems.values()].join('; ')}`);
  }
  return { values: raw as unknown as Config, settings };
}

function wanted(schema: TSchema, value: unknown): string {
  const first = [...Value.Errors(schema, value)][0] as { message?: string } | undefined;
  const options = (schema as { anyOf?: { const: string }[] }).anyOf?.map((option) => option.const);
  return options ? `must be one of ${options.join(', ')}` : (first?.message ?? 'is not valid');
}

/** An address, or one with the length of its prefix, from 1 to all its bits. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = { 4: 32, 6: 128 }[isIP(address)];
  if (most === undefined || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most);
}

function crossCheck(config: Partial<Config>, problems: Map<string, string>): void {
  if (config.TRUSTED_PROXIES && !config.TRUSTED_PROXIES.split(',').every(isNetwork)) {
    problems.set(
      'TRUSTED_PROXIES',
      'TRUSTED_PROXIES must be addresses or networks, with commas between them',
    );
  }
  if (!domainsOf(config).has('mono')) return;
  if (config.MONO_ENVIRONMENT === 'production' && config.MONO_SECRET_KEY?.startsWith('test_')) {
    problems.set('MONO_SECRET_KEY', 'MONO_SECRET_KEY is a sandbox key but MONO_ENVIRONMENT is production');
  }
  if (config.MONO_VERIFY_WEBHOOKS === true && config.MONO_TRANSACTIONS_ENABLED === true) {
    if (!config.MONO_WEBHOOK_SECRET) {
      problems.set(
        'MONO_WEBHOOK_SECRET',
        'MONO_WEBHOOK_SECRET is required while MONO_VERIFY_WEBHOOKS is true and MONO_TRANSACTIONS_ENABLED is true',
      );
    }
  }
}

import type { Config, ConfigName } from './config.ts';

const providers = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'] as const;
const webhookSecrets = providers.map((provider) => `${provider}_WEBHOOK_SECRET` as const);
const required: readonly ConfigName[] = [...webhookSecrets, 'CORS_ALLOW_ORIGINS'];
const secrets: readonly ConfigName[] = [
  'JWT_SECRET_KEY',
  'JWT_SECRET',
  ...webhookSecrets.flatMap((name) => [name, `${name}_PREVIOUS` as const]),
];
/** What a provider with a base URL wants besides. */
const credentials: Readonly<Record<(typeof providers)[number], readonly ConfigName[]>> = {
  TMONEY: ['TMONEY_API_KEY'],
  FLOOZ: ['FLOOZ_USER', 'FLOOZ_PASSWORD'],
  MOMO: ['MOMO_API_USER', 'MOMO_API_KEY', 'MOMO_SUBSCRIPTION_KEY'],
  THUNES: ['THUNES_API_KEY', 'THUNES_API_SECRET', 'THUNES_PAYER_ID'],
};
const shortest = 16;
const fewestCharacters = 6;
const example = /^(dev_secret|change[-_]?me|example)/i;

/** What payouts must not start with where ENV is prod. No value is quoted. */
export function* productionProblems(config: Partial<Config>): Generator<[ConfigName, string]> {
  if (config.THUNES_ALLOW_UNSIGNED_WEBHOOKS) yield ['THUNES_ALLOW_UNSIGNED_WEBHOOKS', 'is not for ENV=prod'];
  for (const name of required) if (!config[name]) yield [name, 'is required with ENV=prod'];
  yield* weakSecrets(config);
  for (const provider of providers) {
    if (!config[`${provider}_BASE_URL`]) continue;
    for (const name of credentials[provider]) {
      if (!config[name]) yield [name, `is required with ENV=prod and ${provider}_BASE_URL`];
    }
  }
  if (config.MOMO_BASE_URL && config.MOMO_TARGET_ENVIRONMENT === 'sandbox') {
    yield ['MOMO_TARGET_ENVIRONMENT', 'is sandbox, where nobody is paid, but ENV is prod'];
  }
}

/** Too short, too plain, an example, or the same as another's: its holder could sign in the name of both. */
function* weakSecrets(config: Partial<Config>): Generator<[ConfigName, string]> {
  const seen = new Map<unknown, ConfigName>();
  for (const name of secrets) {
    const value = String(config[name] ?? '');
    if (value === '') continue;
    const earlier = seen.get(value);
    if (value.length < shortest) yield [name, `must have ${shortest} characters or more with ENV=prod`];
    else if (new Set(value).size < fewestCharacters)
      yield [name, `must have ${fewestCharacters} different characters or more with ENV=prod`];
    else if (example.test(value)) yield [name, 'is an example, and not for ENV=prod'];
    else if (earlier && name !== `${earlier}_PREVIOUS`)
      yield [name, `is the same as ${earlier}, and must not be with ENV=prod`];
    seen.set(value, earlier ?? name);
  }
}

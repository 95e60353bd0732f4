export const simulatedProviders = ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'] as const;
export type SimulatedProvider = (typeof simulatedProviders)[number];

export interface PayoutSimulatorOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  host?: string;
  /** Decides, with the reference of a payment, what faults of a rate below 1 strike, and how long things take. */
  seed?: string;
  /** The `/v1/webhooks` of the service; without it nobody is called back. */
  callbackUrl?: string | undefined;
  /** Sign the callbacks. */
  webhookSecrets?: Readonly<Record<SimulatedProvider, string>>;
  /** A payment is decided between so many milliseconds after it was taken. */
  settleMs?: readonly [number, number];
}

export type Settings = Required<Omit<PayoutSimulatorOptions, 'callbackUrl'>> & {
  callbackUrl: string | undefined;
};

export function settingsOf(options: PayoutSimulatorOptions): Settings {
  return {
    port: 0,
    host: '127.0.0.1',
    seed: 'countersign',
    callbackUrl: undefined,
    webhookSecrets: {
      TMONEY: 'dev_secret_tmoney',
      FLOOZ: 'dev_secret_flooz',
      MOMO: 'dev_secret_momo',
      THUNES: 'dev_secret_thunes',
    },
    settleMs: [20, 200],
    ...options,
  };
}

type Env = Readonly<Record<string, string | undefined>>;

export function optionsFromEnv(env: Env): PayoutSimulatorOptions {
  const port = Number(env.PORT || 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError('PORT is no port number');
  const range = /^(\d{1,7})-(\d{1,7})$/.exec(env.SIM_SETTLE_MS ?? '20-200');
  if (!range) throw new RangeError('SIM_SETTLE_MS is not like 20-200');
  const { webhookSecrets } = settingsOf({});
  const secrets = simulatedProviders.map((name) => [
    name,
    env[`${name}_WEBHOOK_SECRET`] || webhookSecrets[name],
  ]);
  return {
    port,
    settleMs: [Number(range[1]), Number(range[2])],
    webhookSecrets: Object.fromEntries(secrets) as Settings['webhookSecrets'],
    ...(env.HOST && { host: env.HOST }),
    ...(env.SIM_SEED && { seed: env.SIM_SEED }),
    ...(env.SIM_CALLBACK_URL && { callbackUrl: env.SIM_CALLBACK_URL }),
  };
}

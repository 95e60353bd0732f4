import { readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import Value from 'typebox/value';

export const AccountSpec = Type.Object(
  {
    id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    rows: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
    /** Refuses to grow beyond this. */
    maxRows: Type.Optional(Type.Integer({ minimum: 0 })),
    name: Type.Optional(Type.String()),
    accountNumber: Type.Optional(Type.String()),
    currency: Type.Optional(Type.String()),
    stepSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
    dataStatus: Type.Optional(Type.Enum(['PROCESSING', 'AVAILABLE', 'PARTIAL', 'UNAVAILABLE', 'FAILED'])),
  },
  { additionalProperties: false },
);

export type AccountSpec = Static<typeof AccountSpec>;

/** `acc_sandbox_tiny` is for runs with a page limit of 1: it never holds more than 40 rows. */
export const defaultAccounts: readonly AccountSpec[] = [
  { id: 'acc_sandbox_123', rows: 307, name: 'ADA STORES', accountNumber: '0123456789' },
  { id: 'acc_sandbox_tiny', rows: 32, maxRows: 40, name: 'KIOSK 12', accountNumber: '0123456712' },
  { id: 'acc_sandbox_empty', rows: 0, name: 'NEW CUSTOMER', accountNumber: '0123456700' },
  { id: 'acc_sandbox_login', rows: 12, name: 'USER GOOD', accountNumber: '0123456799' },
];

export interface MonoSimulatorOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  host?: string;
  /** The `mono-sec-key` that is accepted. */
  secretKey?: string;
  webhookSecret?: string;
  seed?: string;
  accounts?: readonly AccountSpec[];
  /** The account behind the sandbox customer's login. */
  loginAccount?: string;
  /** When the newest seeded rows were booked. Fixed, so that a restart serves the same rows. */
  anchor?: Date;
  now?: () => Date;
  /** One JSON line for each request, without ids and keys. */
  log?: (line: string) => void;
}

export interface Settings extends Required<Omit<MonoSimulatorOptions, 'log'>> {
  log: (line: string) => void;
}

export function settingsOf(options: MonoSimulatorOptions): Settings {
  return {
    port: 0,
    host: '127.0.0.1',
    secretKey: 'test_sk_simulator',
    webhookSecret: 'sec_test_mono',
    seed: 'countersign',
    accounts: defaultAccounts,
    loginAccount: 'acc_sandbox_login',
    anchor: new Date('2026-11-20T09:30:00.000Z'),
    now: () => new Date(),
    log: () => {},
    ...options,
  };
}

type Env = Readonly<Record<string, string | undefined>>;

/** SIM_ACCOUNTS is a JSON list or the name of a file that holds one. */
export function optionsFromEnv(
  env: Env,
  writeLog: (target: string) => (line: string) => void,
): MonoSimulatorOptions {
  const port = Number(env.PORT || 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError('PORT is no port number');
  const anchor = env.SIM_ANCHOR ? new Date(env.SIM_ANCHOR) : undefined;
  if (anchor && Number.isNaN(anchor.getTime())) throw new RangeError('SIM_ANCHOR is no RFC 3339 instant');
  return {
    port,
    ...(env.HOST && { host: env.HOST }),
    ...(env.SIM_SECRET_KEY && { secretKey: env.SIM_SECRET_KEY }),
    ...(env.SIM_WEBHOOK_SECRET && { webhookSecret: env.SIM_WEBHOOK_SECRET }),
    ...(env.SIM_SEED && { seed: env.SIM_SEED }),
    ...(env.SIM_ACCOUNTS && { accounts: parseAccounts(env.SIM_ACCOUNTS) }),
    ...(anchor && { anchor }),
    ...(env.SIM_LOG && { log: writeLog(env.SIM_LOG) }),
  };
}

function parseAccounts(given: string): AccountSpec[] {
  const text = given.trimStart().startsWith('[') ? given : readFileSync(given, 'utf8');
  const parsed: unknown = JSON.parse(text);
  if (Value.Check(Type.Array(AccountSpec), parsed)) return parsed;
  const [first] = Value.Errors(Type.Array(AccountSpec), parsed);
  throw new RangeError(`SIM_ACCOUNTS: ${first?.instancePath ?? ''} ${first?.message ?? 'is wrong'}`);
}

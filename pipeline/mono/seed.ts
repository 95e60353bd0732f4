import type { Database } from '#pipeline/runtime/db.ts';
import { maskAccountNumber } from '#pipeline/shared/mask.ts';

export interface AccountSeed {
  siId: string;
  connectionId: string;
  accountId: string;
  monoAccountId: string;
  providerAccountId: string;
  accountNumber: string;
}

/** Again and again with the same ids it changes nothing; the number is stored masked. */
export function seedAccount(db: Database, seed: AccountSeed): Promise<void> {
  return db.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO banking_connections (id, si_id, status) VALUES ($1, $2, 'active')
       ON CONFLICT (id) DO NOTHING`,
      [seed.connectionId, seed.siId],
    );
    await tx.query(
      `INSERT INTO bank_accounts
         (id, connection_id, mono_account_id, provider_account_id, masked_account_number)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO UPDATE SET mono_account_id = excluded.mono_account_id,
         provider_account_id = excluded.provider_account_id,
         masked_account_number = excluded.masked_account_number, updated_at = now()`,
      [
        seed.accountId,
        seed.connectionId,
        seed.monoAccountId,
        seed.providerAccountId,
        maskAccountNumber(seed.accountNumber),
      ],
    );
  });
}

export interface SmokeEnv {
  MONO_API_ACCOUNT_ID: string;
  MONO_PROVIDER_ACCOUNT_ID: string;
  MONO_ACCOUNT_NUMBER: string;
  MONO_ACCOUNT_DB_ID: string;
  MONO_CONNECTION_DB_ID: string;
  MONO_SI_ID: string;
}

/** Fixed ids of the demo account: whoever runs the smoke script twice means the same account. */
const defaults: Partial<SmokeEnv> = {
  MONO_ACCOUNT_DB_ID: '6f1d2c3b-4a59-4e68-8b77-0c1d2e3f4a5b',
  MONO_CONNECTION_DB_ID: '0a9b8c7d-6e5f-4a3b-9c2d-1e0f9a8b7c6d',
  MONO_SI_ID: 'local-si',
};

const names = [
  'MONO_API_ACCOUNT_ID',
  'MONO_PROVIDER_ACCOUNT_ID',
  'MONO_ACCOUNT_NUMBER',
  'MONO_ACCOUNT_DB_ID',
  'MONO_CONNECTION_DB_ID',
  'MONO_SI_ID',
] as const;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every missing or bad variable at once. */
export function readSmokeEnv(env: NodeJS.ProcessEnv): { values: SmokeEnv; problems: string[] } {
  const entries = names.map((name) => [name, env[name] || defaults[name] || ''] as const);
  const problems = entries.filter(([, value]) => value === '').map(([name]) => `${name} is required`);
  for (const [name, value] of entries) {
    if (name.endsWith('_DB_ID') && !uuid.test(value)) problems.push(`${name} must be a lower-case uuid`);
  }
  return { values: Object.fromEntries(entries) as unknown as SmokeEnv, problems };
}

export function seedOf(env: SmokeEnv): AccountSeed {
  return {
    siId: env.MONO_SI_ID,
    connectionId: env.MONO_CONNECTION_DB_ID,
    accountId: env.MONO_ACCOUNT_DB_ID,
    monoAccountId: env.MONO_API_ACCOUNT_ID,
    providerAccountId: env.MONO_PROVIDER_ACCOUNT_ID,
    accountNumber: env.MONO_ACCOUNT_NUMBER,
  };
}

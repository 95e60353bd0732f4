import type { Database } from '#pipeline/runtime/db.ts';
import { hashPassword } from '#pipeline/runtime/passwords.ts';

/** Fixed ids: whoever seeds twice means the same people and wallets. Numbers that nobody has. */
export const demo = {
  user: {
    id: '8c1f0a52-2d7e-4b69-9a34-5c6d7e8f9b01',
    walletId: '8c1f0a52-2d7e-4b69-9a34-5c6d7e8f9b11',
    email: 'demo-user@example.org',
    phone: '+22890000001',
    role: 'USER',
  },
  admin: {
    id: '8c1f0a52-2d7e-4b69-9a34-5c6d7e8f9b02',
    walletId: '8c1f0a52-2d7e-4b69-9a34-5c6d7e8f9b12',
    email: 'demo-admin@example.org',
    phone: '+22890000002',
    role: 'ADMIN',
  },
} as const;

export interface PayoutsSeed {
  userPassword: string;
  adminPassword: string;
}

/** A user and an administrator, each with an empty wallet. Passwords and roles are set anew, the rest stays. */
export async function seedPayouts(db: Database, { userPassword, adminPassword }: PayoutsSeed): Promise<void> {
  for (const { id, walletId, email, phone, role } of Object.values(demo)) {
    const hash = await hashPassword(role === 'ADMIN' ? adminPassword : userPassword);
    await db.query(
      `INSERT INTO app.users (id, email, phone_e164, country, role, password_hash) VALUES ($1, $2, $3, 'TG', $4, $5)
       ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role`,
      [id, email, phone, role, hash],
    );
    await db.query('INSERT INTO app.wallets (id, user_id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING', [
      walletId,
      id,
    ]);
  }
}

import { demo, seedPayouts } from '#pipeline/payouts/seed.ts';
import { runSeeding } from '#scripts/seeding.ts';

const help = `Usage: node scripts/seed-payouts.ts

Puts a demo user and a demo administrator of payouts, each with a wallet, into DATABASE_URL.
Run again it changes nothing but the passwords, which it sets anew.
Reads PAYOUTS_USER_PASSWORD and PAYOUTS_ADMIN_PASSWORD, of 12 characters or more.
Prints ids and addresses as JSON, never a password.
`;

await runSeeding({
  name: 'seed-payouts',
  help,
  passwords: ['PAYOUTS_USER_PASSWORD', 'PAYOUTS_ADMIN_PASSWORD'],
  async seed(db, { PAYOUTS_USER_PASSWORD: userPassword, PAYOUTS_ADMIN_PASSWORD: adminPassword }) {
    await seedPayouts(db, { userPassword, adminPassword });
    return { users: demo };
  },
});

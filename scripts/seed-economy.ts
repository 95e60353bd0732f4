import { demo, seedEconomy } from '#pipeline/economy/seed.ts';
import { runSeeding } from '#scripts/seeding.ts';

const help = `Usage: node scripts/seed-economy.ts

Puts demo users, wallets, starting coins, shop items and one ban into DATABASE_URL.
Run again it changes nothing but the passwords, which it sets anew.
Reads ECONOMY_MEMBER_PASSWORD and ECONOMY_ADMIN_PASSWORD, of 12 characters or more.
Prints ids and names as JSON, never a password.
`;

await runSeeding({
  name: 'seed-economy',
  help,
  passwords: ['ECONOMY_MEMBER_PASSWORD', 'ECONOMY_ADMIN_PASSWORD'],
  async seed(db, { ECONOMY_MEMBER_PASSWORD: memberPassword, ECONOMY_ADMIN_PASSWORD: adminPassword }) {
    const { items } = await seedEconomy(db, { memberPassword, adminPassword });
    return { users: demo, items };
  },
});

import { parseArgs } from 'node:util';
import { demo, seedEconomy } from '#pipeline/economy/seed.ts';
import { openDatabase } from '#pipeline/runtime/db.ts';

const help = `Usage: node scripts/seed-economy.ts

Puts demo users, wallets, starting coins, shop items and one ban into DATABASE_URL.
Run again it changes nothing but the passwords, which it sets anew.
Reads ECONOMY_MEMBER_PASSWORD and ECONOMY_ADMIN_PASSWORD, of 12 characters or more.
Prints ids and names as JSON, never a password.
`;

const shortest = 12;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { DATABASE_URL: url = '', ECONOMY_MEMBER_PASSWORD: memberPassword = '' } = process.env;
  const { ECONOMY_ADMIN_PASSWORD: adminPassword = '' } = process.env;
  const problems = url === '' ? ['DATABASE_URL is required'] : [];
  for (const [name, text] of Object.entries({
    ECONOMY_MEMBER_PASSWORD: memberPassword,
    ECONOMY_ADMIN_PASSWORD: adminPassword,
  })) {
    if (text.length < shortest) problems.push(`${name} must have ${shortest} characters or more`);
  }
  if (problems.length > 0) {
    process.stderr.write(`seed-economy: ${problems.join('; ')}\n`);
    return 2;
  }
  const db = openDatabase({
    url,
    max: 2,
    acquireTimeoutMs: 5000,
    applicationName: 'seed-economy',
    onIdleError: () => {},
  });
  try {
    const { items } = await seedEconomy(db, { memberPassword, adminPassword });
    process.stdout.write(`${JSON.stringify({ users: demo, items })}\n`);
  } finally {
    await db.close();
  }
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`seed-economy: ${error.message}\n`);
    process.exitCode = 1;
  },
);

import { parseArgs } from 'node:util';
import { type Database, openDatabase } from '#pipeline/runtime/db.ts';
import { runMain } from './run-main.ts';

export interface Seeding<Name extends string> {
  /** Of the script, for its complaints. */
  name: string;
  help: string;
  /** Variables that hold passwords. */
  passwords: readonly Name[];
  /** Gives what is printed as JSON, never a password. */
  seed(db: Database, passwords: Record<Name, string>): Promise<object>;
}

const shortest = 12;

/** A script that puts what a demonstration needs into DATABASE_URL; sets the exit code of this process. */
export function runSeeding<Name extends string>(seeding: Seeding<Name>): Promise<void> {
  return runMain(seeding.name, () => seedOnce(seeding));
}

async function seedOnce<Name extends string>({ name, help, passwords, seed }: Seeding<Name>) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const url = process.env['DATABASE_URL'] ?? '';
  const problems = url === '' ? ['DATABASE_URL is required'] : [];
  const given = Object.fromEntries(passwords.map((each) => [each, process.env[each] ?? '']));
  for (const [each, text] of Object.entries(given)) {
    if (text.length < shortest) problems.push(`${each} must have ${shortest} characters or more`);
  }
  if (problems.length > 0) {
    process.stderr.write(`${name}: ${problems.join('; ')}\n`);
    return 2;
  }
  const db = openDatabase({
    url,
    max: 2,
    acquireTimeoutMs: 5000,
    applicationName: name,
    onIdleError: () => {},
  });
  try {
    process.stdout.write(`${JSON.stringify(await seed(db, given as Record<Name, string>))}\n`);
  } finally {
    await db.close();
  }
  return 0;
}

import { parseArgs } from 'node:util';
import { migrate } from '#pipeline/runtime/migrations.ts';

const help = `Usage: node scripts/migrate.ts

Applies the migrations of the service, and the tables of its job queue, to DATABASE_URL.
Run again it changes nothing. Exit code 0 when the schema is up to date.
`;

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  process.stdout.write(help);
} else if (!process.env.DATABASE_URL) {
  process.stderr.write('DATABASE_URL is required\n');
  process.exitCode = 2;
} else {
  try {
    const { applied } = await migrate(process.env.DATABASE_URL, (line) => process.stderr.write(`${line}\n`));
    process.stdout.write(`${JSON.stringify({ applied })}\n`);
  } catch (error) {
    process.stderr.write(`migrate: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

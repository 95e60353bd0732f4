import { parseArgs } from 'node:util';
import { loadConfig } from '#pipeline/config.ts';
import { declareFlags } from '#pipeline/flags.ts';

const help = `Usage: node scripts/print-flags.ts

Prints one line of JSON with every flag of the service as the code has it: "flags" lists name, domain, default and
description; "defaults" maps each name to its default. Variables of the environment are not looked at.
`;

/** What has no default, so that everything else can be what the code says. */
const required = {
  DATABASE_URL: 'postgres://nowhere/none',
  JWT_SECRET_KEY: 'stands for no key',
  JWT_SECRET: 'stands for no other key',
};

function main(): void {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const byDomain = Object.entries(declareFlags(loadConfig(required).values));
  const flags = byDomain.flatMap(([domain, declarations]) =>
    declarations.map(({ name, declared, description }) => ({ name, domain, default: declared, description })),
  );
  const defaults = Object.fromEntries(flags.map((flag) => [flag.name, flag.default]));
  process.stdout.write(`${JSON.stringify({ flags, defaults })}\n`);
}

try {
  main();
} catch (thrown) {
  process.stderr.write(`print-flags: ${thrown instanceof Error ? thrown.message : thrown}\n`);
  process.exitCode = 2;
}

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateSchemas } from '#harness/schemas/generate.ts';

const help = `Usage: node scripts/generate.ts [--check]

Writes harness/schemas/ from the code.
  --check   write nothing; exit 1 if a file is not what the code gives
`;

const folder = 'harness/schemas';

/** Files that differ from what the code gives, those too many included. */
export async function staleSchemas(): Promise<string[]> {
  const wanted = await generateSchemas();
  const present = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));
  const stale = present.filter((name) => !wanted.has(name));
  for (const [name, text] of wanted) {
    if ((await readFile(join(folder, name), 'utf8').catch(() => '')) !== text) stale.push(name);
  }
  return stale.sort();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, check: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const stale = await staleSchemas();
  if (values.check) {
    process.stdout.write(
      stale.map((name) => `${join(folder, name)} is not what the code gives: npm run generate\n`).join(''),
    );
    return stale.length === 0 ? 0 : 1;
  }
  const wanted = await generateSchemas();
  for (const name of stale) await rm(join(folder, name), { force: true });
  for (const [name, text] of wanted) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  process.stdout.write(`${wanted.size} schemas, ${stale.length} written anew\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await main();

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { commandPages } from '#harness/commands/pages.ts';
import { generateSchemas } from '#harness/schemas/generate.ts';

const help = `Usage: node scripts/generate.ts [--check]

Writes harness/schemas/*.json and docs/commands/ from the code.
  --check   write nothing; exit 1 if a file is not what the code gives
`;

interface Generated {
  folder: string;
  ending: string;
  files: ReadonlyMap<string, string>;
}

async function everything(): Promise<Generated[]> {
  return [
    { folder: 'harness/schemas', ending: '.json', files: await generateSchemas() },
    { folder: 'docs/commands', ending: '.md', files: await commandPages() },
  ];
}

/** Files that differ from what the code gives, those too many included. */
async function stale({ folder, ending, files }: Generated): Promise<string[]> {
  const present = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const wrong = present.filter((name) => name.endsWith(ending) && !files.has(name));
  for (const [name, text] of files) {
    if ((await readFile(join(folder, name), 'utf8').catch(() => '')) !== text) wrong.push(name);
  }
  return wrong.sort();
}

async function writeAnew(generated: Generated): Promise<number> {
  const { folder, files } = generated;
  const wrong = await stale(generated);
  for (const name of wrong) {
    const text = files.get(name);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    if (text === undefined) await rm(join(folder, name));
    else await writeFile(join(folder, name), text);
  }
  return wrong.length;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, check: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  let wrong = 0;
  for (const generated of await everything()) {
    if (values.check) {
      const names = await stale(generated);
      wrong += names.length;
      process.stdout.write(
        names.map((name) => `${join(generated.folder, name)}: run \`npm run generate\`\n`).join(''),
      );
    } else {
      process.stdout.write(`${generated.folder}: ${await writeAnew(generated)} written anew\n`);
    }
  }
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runStage, type Stage, staticStages } from '#scripts/stages.ts';

const help = `Usage: node scripts/release-check.ts [--only CHECK…]

What can be said of a release before it runs anywhere: types, lint, import borders, sizes, YAML and personal data as in
\`npm test\`, that every gate is valid, that migrations are in order and can each be taken back, and that the changelog
tells of what is released. Tests are not run: \`npm test\` does that.
Checks: types, lint, imports, size, yaml, privacy, gates, migrations, changelog.
Prints one line of JSON after what the programs say; exit code 0 if all is well, 1 if not.
`;

const migrations = 'pipeline/migrations';
const order = /^(\d{4})_[a-z][a-z0-9-]*\.sql$/;

export interface ReleaseReport {
  version: string;
  /** Every check that was made, and its seconds where a program made it. */
  checks: { name: string; ok: boolean; seconds?: number }[];
  problems: string[];
}

/** What is wrong with the migrations of a folder: names, order, or no way back. */
export async function checkMigrations(folder: string): Promise<{ problems: string[] }> {
  const files = (await readdir(folder)).sort();
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (const file of files) {
    const [, number] = order.exec(file) ?? [];
    if (number === undefined) {
      problems.push(`${file} is no name of a migration, such as 0001_users.sql`);
      continue;
    }
    const earlier = seen.get(number);
    if (earlier) problems.push(`${file} and ${earlier} have the same number`);
    seen.set(number, file);
    problems.push(...(await lacksOf(join(folder, file))).map((lack) => `${file} ${lack}`));
  }
  if (seen.size === 0) problems.push(`${folder} holds no migration`);
  return { problems };
}

async function lacksOf(path: string): Promise<string[]> {
  const [up = '', down = ''] = (await readFile(path, 'utf8')).split('-- Down Migration');
  const isEmpty = (text: string) => text.replace(/^\s*--.*$/gm, '').trim() === '';
  return [
    ...(up.startsWith('-- Up Migration') && !isEmpty(up) ? [] : ['does nothing under "-- Up Migration"']),
    ...(isEmpty(down) ? ['does nothing under "-- Down Migration"'] : []),
  ];
}

/** A released version has a section of its own; before, what is to be released stands under Unreleased. */
export function checkChangelog(text: string, version: string): string[] {
  const sections = text.split(/^## /m).slice(1);
  const namesOf = (section: string) => (section.split('\n')[0] ?? '').split(/[\s[\]()]+/);
  const found = sections.find((each) => {
    const names = namesOf(each);
    return names.includes(version) || names.join('') === 'Unreleased';
  });
  const entries = found?.split('\n').filter((line) => line.startsWith('- ')) ?? [];
  return entries.length > 0 ? [] : [`CHANGELOG.md tells nothing of ${version}, nor under "Unreleased"`];
}

const gates: Stage = { name: 'gates', command: [process.execPath, 'harness/bin.mjs', 'gate', 'lint'] };

type Check = { name: string; look(): Promise<{ problems: string[]; seconds?: number }> };

function ofStage(stage: Stage): Check {
  const look = async () => {
    const { failed, seconds } = await runStage(stage);
    const problems = failed > 0 ? [`${stage.name} failed: see what it says above`] : [];
    return { problems, seconds: Math.round(seconds * 10) / 10 };
  };
  return { name: stage.name, look };
}

async function report(only: readonly string[] | undefined): Promise<ReleaseReport> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const all: Check[] = [
    ...[...staticStages, gates].map(ofStage),
    { name: 'migrations', look: () => checkMigrations(migrations) },
    {
      name: 'changelog',
      look: async () => ({ problems: checkChangelog(await readFile('CHANGELOG.md', 'utf8'), version) }),
    },
  ];
  const unknown = only?.filter((name) => !all.some((check) => check.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`there is no check ${unknown.join(', ')}`);
  const result: ReleaseReport = { version, checks: [], problems: [] };
  for (const { name, look } of all.filter((check) => !only || only.includes(check.name))) {
    const { problems, seconds } = await look();
    result.checks.push({ name, ok: problems.length === 0, ...(seconds !== undefined && { seconds }) });
    result.problems.push(...problems);
  }
  return result;
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' }, only: { type: 'string', multiple: true } },
    });
    if (values.help) process.stdout.write(help);
    else {
      const found = await report(values.only);
      process.stdout.write(`${JSON.stringify(found)}\n`);
      process.exitCode = found.problems.length === 0 ? 0 : 1;
    }
  } catch (thrown) {
    process.stderr.write(`release-check: ${thrown instanceof Error ? thrown.message : thrown}\n`);
    process.exitCode = 1;
  }
}

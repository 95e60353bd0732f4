import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import { askService } from '#pipeline/shared/service-client.ts';
import { instancesOf } from './instances.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/check-build.ts

Tells whether a running service is the release that is checked out: its version, its newest migration, and, where it
names one, its commit. A service of the release before is ready, too, with a schema of its own. Each instance is asked.
Prints one line of JSON: how many \`instances\`, what the first that is not the release says of itself, else the last,
and the \`problem\`. Exit code 0 if all are the release, 1 if not.

  SERVICE_URL     the running service; its instances, separated by commas
  COMMIT_NAMED    "yes": it has to name its commit (GIT_SHA); "no": it may leave that out
`;

/** What tells one build from another; null: it does not say, or there is no git here. */
export interface Build {
  version: string | null;
  migration_revision: string | null;
  git_sha: string | null;
}

/** In words; empty where the service is what is released. */
export function differenceOf(running: Build, released: Build, isCommitNamed: boolean): string {
  for (const name of ['version', 'migration_revision'] as const) {
    if (released[name] === null || running[name] !== released[name]) {
      return `${name} of what runs is ${running[name]}, and of the release ${released[name]}`;
    }
  }
  if (running.git_sha === null) return isCommitNamed ? 'what runs does not name its commit' : '';
  // Seven characters at least, as the service itself asks of GIT_SHA.
  const isSame = running.git_sha.length >= 7 && released.git_sha?.startsWith(running.git_sha);
  return isSame ? '' : `git_sha of what runs is ${running.git_sha}, and of the release ${released.git_sha}`;
}

async function readRelease(): Promise<Build> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version?: string };
  const files = (await readdir('pipeline/migrations')).filter((file) => file.endsWith('.sql')).sort();
  const commit = await promisify(execFile)('git', ['rev-parse', 'HEAD']).catch(() => undefined);
  return {
    version: version ?? null,
    migration_revision: files.at(-1)?.slice(0, -'.sql'.length) ?? null,
    git_sha: commit?.stdout.trim() ?? null,
  };
}

async function readRunning(url: string): Promise<Build> {
  const { body } = await askService(url, { method: 'GET', path: '/readyz' });
  const said = (name: keyof Build) => (typeof body[name] === 'string' ? body[name] : null);
  return {
    version: said('version'),
    migration_revision: said('migration_revision'),
    git_sha: said('git_sha'),
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { SERVICE_URL: url, COMMIT_NAMED: named } = process.env;
  const urls = instancesOf(url);
  if (urls.length === 0) throw new Error('SERVICE_URL required');
  if (named !== 'yes' && named !== 'no') throw new Error('COMMIT_NAMED must be yes or no');
  const report = await compareAll(urls, await readRelease(), named === 'yes');
  process.stdout.write(`${JSON.stringify({ instances: urls.length, ...report })}\n`);
  return report.problem === '' ? 0 : 1;
}

async function compareAll(urls: readonly string[], released: Build, isCommitNamed: boolean) {
  let report: Partial<Build> & { problem: string } = { problem: 'no instance was asked' };
  for (const url of urls) {
    const running = await readRunning(url);
    const problem = differenceOf(running, released, isCommitNamed);
    report = { ...running, problem: problem && urls.length > 1 ? `${url}: ${problem}` : problem };
    if (problem !== '') break;
  }
  return report;
}

if (import.meta.main) await runMain('check-build', main, 2);

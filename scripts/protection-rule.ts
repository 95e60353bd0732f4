import { execFile } from 'node:child_process';
import { accessSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Statement, type VerifyResult, verifyForDeploy } from '#harness/index.ts';
import { escapeMarkdown } from '#harness/report/github.ts';
import { readRunFile } from '#harness/sign/folder.ts';
import { readStatement } from '#harness/sign/statement.ts';
import { type Answer, type Deployment, protectionRuleServer } from '#scripts/protection-rule-server.ts';

const help = `Usage: node scripts/protection-rule.ts --repository OWNER/NAME --repo CLONE --runs DIR --signers FILE
                                    --ledger FILE|URL [--new-ledger] --gate ENVIRONMENT=GATE…
                                    [--api URL] [--port N]

A custom deployment protection rule for GitHub: a job may deploy where the newest run of the environment's gate for
that commit verifies as \`gate verify --for deploy\` does. GITHUB_WEBHOOK_SECRET holds the webhook's secret and
GITHUB_TOKEN_FILE names a file with the installation's token, read anew for each answer. A ledger that is a file has to be
there: --new-ledger starts it, the very first time only.
`;

const run = promisify(execFile);
const gitMs = 60_000;

export interface RuleOptions {
  /** Clone that has the commits, or can fetch them from \`origin\`. */
  repo: string;
  /** Folder of run folders, as the gate's artifacts were unpacked. */
  runs: string;
  /** From here, never from the commit that is to be deployed. */
  signers: string;
  /** Absolute path, or \`postgres://…\`. */
  ledger: string;
  /** Gate by environment: an environment without one is never deployed. */
  gates: Readonly<Record<string, string>>;
  now(): Date;
}

/** Looks the newest report up, and judges it in a checkout of that very commit. */
export async function decideDeployment(options: RuleOptions, asked: Deployment): Promise<Answer> {
  const { environment, commit } = asked;
  const gate = Object.hasOwn(options.gates, environment) ? options.gates[environment] : undefined;
  if (gate === undefined) return rejected(`no gate guards ${environment}`);
  const folder = await newestRun(options.runs, { gate, environment, commit });
  if (folder === undefined) return rejected(`no report of ${gate} speaks of this commit`);
  const root = await mkdtemp(join(tmpdir(), 'protection-rule-'));
  try {
    await checkOut(options.repo, commit, root);
    const { signers, ledger, now } = options;
    const question = { root, run: folder, gate, environment, commit, signers, ledger, now: now() };
    return answerOf(await verifyForDeploy(question));
  } finally {
    await rm(root, { recursive: true, force: true });
    await run('git', ['-C', options.repo, 'worktree', 'prune']).catch(() => {});
  }
}

async function checkOut(repo: string, commit: string, root: string): Promise<void> {
  const git = (...args: string[]) => run('git', ['-C', repo, ...args], { timeout: gitMs });
  const known = await git('cat-file', '-e', `${commit}^{commit}`).catch(() => undefined);
  if (!known) await git('fetch', '--quiet', 'origin', commit);
  await git('worktree', 'add', '--quiet', '--force', '--detach', root, commit);
}

/** The newest alone: an older GO is not to outlive a younger NO_GO. */
async function newestRun(
  runs: string,
  { gate, environment, commit }: { gate: string; environment: string; commit: string },
): Promise<string | undefined> {
  const found: { folder: string; at: string }[] = [];
  for (const name of await readdir(runs)) {
    const folder = join(runs, name);
    const statement = await readRunFile(folder, 'report.json').then(readStatement, () => undefined);
    if (statement && isAbout(statement)) found.push({ folder, at: statement.predicate.run.finished_at });
  }
  return found.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))[0]?.folder;

  function isAbout({ predicate }: Statement): boolean {
    const { gate: of, environment: on, release } = predicate;
    return of.id === gate && on.name === environment && release.git?.commit === commit;
  }
}

function answerOf({ exit, decision, lines }: VerifyResult): Answer {
  const wrong = lines.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`);
  const approved = exit === 0 && (decision === 'GO' || decision === 'GO_WITH_WAIVERS') && wrong.length === 0;
  if (approved) return { approved, comment: `${decision}: ${lines.length} checks` };
  return rejected(wrong.length > 0 ? wrong.join('; ') : `the decision is ${decision ?? 'none'}`);
}

function rejected(text: string): Answer {
  return { approved: false, comment: escapeMarkdown(text) };
}

function optionsOf(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ repository: text, repo: text, runs: text, signers: text, ledger: text, api: text, port: text },
      gate: { type: 'string', multiple: true },
      'new-ledger': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  return values;
}

function start(values: ReturnType<typeof optionsOf>, env: NodeJS.ProcessEnv): void {
  const { repository, repo, runs, signers, ledger, gate = [], api = 'https://api.github.com' } = values;
  const [secret, tokenFile] = [env['GITHUB_WEBHOOK_SECRET'], env['GITHUB_TOKEN_FILE']];
  if (!repository || !repo || !runs || !signers || !ledger || !secret || !tokenFile) throw new Error(help);
  const file = ledger.includes('://') ? undefined : resolve(ledger);
  if (file !== undefined && values['new-ledger']) writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
  if (file !== undefined) accessSync(file);
  const gates = Object.fromEntries(gate.map((pair) => pair.split('=', 2) as [string, string]));
  const options: RuleOptions = {
    repo: resolve(repo),
    runs: resolve(runs),
    signers: resolve(signers),
    ledger: file ?? ledger,
    gates,
    now: () => new Date(),
  };
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const decide = (asked: Deployment) => decideDeployment(options, asked);
  const token = async () => (await readFile(tokenFile, 'utf8')).trim();
  const server = protectionRuleServer({ secret, api, repository, token, decide, say });
  server.listen(Number(values.port ?? 8787), '127.0.0.1', () =>
    say(`listens at ${JSON.stringify(server.address())}`),
  );
}

if (import.meta.main) {
  try {
    const values = optionsOf(process.argv.slice(2));
    if (values.help) process.stdout.write(help);
    else start(values, process.env);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 2;
  }
}

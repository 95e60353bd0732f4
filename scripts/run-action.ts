import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

const help = `Usage: node scripts/run-action.ts

What action.yml runs: a gate, by ACTION_GATE, ACTION_ENV, ACTION_SIGN, ACTION_ARGS (one argument a line) and
ACTION_FOLDER; what it decided goes to the file GITHUB_OUTPUT. Exit code of \`countersign gate run\`.
`;

type Env = Readonly<Record<string, string | undefined>>;

/** Arguments of the command, each whole: nothing here passes a shell. Throws where an input makes no sense. */
export function actionArguments(env: Env): string[] {
  const gate = env['ACTION_GATE'] ?? '';
  if (gate === '' || gate.startsWith('-')) throw new Error('the input `gate` names no gate');
  const sign = env['ACTION_SIGN'] ?? '';
  if (!['', 'true', 'false'].includes(sign)) throw new Error('the input `sign` is `true` or `false`');
  const more = (env['ACTION_ARGS'] ?? '').split(/\r?\n/).map((line) => line.trim());
  const own = more.find((line) => /^--(json|report|report-dir|sign|env)(=|$)/.test(line));
  if (own) throw new Error(`\`${own}\` stands in \`args\`: the action gives that itself`);
  return [
    ...['gate', 'run', gate, '--json'],
    ...(env['ACTION_ENV'] ? ['--env', env['ACTION_ENV']] : []),
    ...(sign === 'true' ? ['--sign'] : []),
    ...more.filter((line) => line !== ''),
  ];
}

/** Inside the workspace: an input must not lead elsewhere. */
export function actionFolder(env: Env): string {
  const workspace = resolve(env['GITHUB_WORKSPACE'] ?? '.');
  const folder = resolve(workspace, env['ACTION_FOLDER'] || '.');
  if (folder === workspace || folder.startsWith(workspace + sep)) return folder;
  throw new Error('the input `working-directory` leaves the workspace');
}

/** Lines of GITHUB_OUTPUT, or nothing where the run has no report. A value with a line break would be more outputs. */
export function actionOutputs(stdout: string, folder: string): string {
  const answer = stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
  const { run, decision, folder: path } = answer;
  const values = [run, decision, path];
  if (!values.every((value) => typeof value === 'string' && !/[\r\n]/.test(value))) return '';
  const at = resolve(folder, String(path));
  const outputs = { run, decision, folder: at, report: join(at, 'report.html') };
  return Object.entries(outputs)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function main(env: Env): Promise<number> {
  const args = actionArguments(env);
  const cwd = actionFolder(env);
  const bin = join(import.meta.dirname, '..', 'harness', 'bin.mjs');
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  // A cancelled job leaves a run that can be resumed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  process.stdout.write(stdout);
  const outputs = actionOutputs(stdout, cwd);
  if (env['GITHUB_OUTPUT']) await appendFile(env['GITHUB_OUTPUT'], outputs);
  // A gate that passed without saying so did not pass.
  return outputs === '' && code === 0 ? 3 : ((code as number | null) ?? 3);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(help);
  else {
    process.exitCode = await main(process.env).catch((thrown: unknown) => {
      process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
      return 2;
    });
  }
}

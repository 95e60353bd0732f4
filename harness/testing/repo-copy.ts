import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pickEnvironment, readEnvironments } from '../config/project.ts';
import { type RunningStack, startStack } from '../stack/stack.ts';
import { type CliResult, runCli } from './cli.ts';

const repo = resolve(import.meta.dirname, '../..');

/** What is tested runs in a copy of this repo, so that it never meets the stack of whoever runs the tests. */
export async function copyOfRepo(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'countersign-copy-'));
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: repo,
    encoding: 'utf8',
  });
  for (const file of listed.split('\0').filter(Boolean)) {
    await cp(join(repo, file), join(root, file)).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOENT') throw thrown;
    });
  }
  await symlink(join(repo, 'node_modules'), join(root, 'node_modules'));
  return root;
}

/** Starts the stack of an environment of the copy; whoever asks stops it. */
export async function stackIn(root: string, name = 'local', rehearse = 1): Promise<RunningStack> {
  const environment = pickEnvironment(await readEnvironments(root), name);
  return startStack(environment, { root, env: process.env, onSecret: () => {}, rehearse });
}

/** The CLI in a copy: it finds tools where the caller does, and no repository around the copy. */
export function cliIn(root: string, args: readonly string[]): Promise<CliResult> {
  return runCli(root, args, { HOME: process.env['HOME'] ?? root, GIT_CEILING_DIRECTORIES: dirname(root) });
}

import { execFile } from 'node:child_process';
import { CountersignError } from '../errors.ts';

const maxBytes = 64 * 1024 * 1024;

/** Trimmed output, or undefined where git is missing or refuses. */
export async function git(root: string, args: readonly string[]): Promise<string | undefined> {
  return (await gitBytes(root, args))?.toString('utf8').trim();
}

function gitBytes(root: string, args: readonly string[]): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    execFile('git', [...args], { cwd: root, maxBuffer: maxBytes, encoding: 'buffer' }, (error, stdout) => {
      resolve(error ? undefined : stdout);
    });
  });
}

/** The commit of the checkout, or undefined outside git. */
export function headCommit(root: string): Promise<string | undefined> {
  return git(root, ['rev-parse', '--verify', 'HEAD']);
}

/** The commit that a revision means; CONFIG_INVALID where git knows none. */
export async function commitOf(root: string, revision: string): Promise<string> {
  const commit = await git(root, ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`]);
  if (commit) return commit;
  throw new CountersignError('CONFIG_INVALID', `git knows no revision \`${revision}\``, {
    hint: 'see `release` of the gate',
  });
}

/** Is that commit part of the history of what is checked out? */
export async function isAncestor(root: string, commit: string): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return false;
  return (await git(root, ['merge-base', '--is-ancestor', commit, 'HEAD'])) !== undefined;
}

/** A file of the project as a commit has it. */
export function fileAt(root: string, commit: string, file: string): Promise<Buffer | undefined> {
  return gitBytes(root, ['show', '--end-of-options', `${commit}:./${file}`]);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { confineExisting } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import type { SignOff } from '../report/schema.ts';
import { commitOf, git, headCommit, isAncestor } from './git.ts';
import type { LastGo } from './last-go.ts';
import type { Gate } from './schema.ts';

export interface ReleaseInput {
  root: string;
  gate: Gate;
  /** In a rehearsal what git can't tell is noted; elsewhere it is an error. */
  rehearsal: boolean;
  requester: string;
  gateSha256: string;
  /** Where the range of commits begins when the gate names no revision: undefined where no other commit had a GO yet. */
  lastGo(but: string): Promise<Pick<LastGo, 'commit' | 'from'> | undefined>;
}

const cleanHint = 'a release is signed for a clean, whole checkout';
const noRangeHint = 'name the revision that was released before this one in `release.since` of the gate';

/** What is being released: subjects, commit and authors. Asks git, writes nothing. */
export async function describeRelease(input: ReleaseInput): Promise<SignOff['release']> {
  const { root, gate, rehearsal } = input;
  const notes: string[] = [];
  const git = await gitState(root);
  if (git === undefined) complain('this folder is no git work tree, so the report names no commit');
  if (git?.shallow) complain('the clone is shallow, so not every author of the release is known');
  if (git?.dirty) {
    complain('the work tree has changes that are not committed', `${cleanHint}; git names ${git.changed}`);
  }
  const subjects = await subjectsOf(root, gate, git?.commit);
  // A statement speaks of something: without git that is the gate itself.
  if (subjects.length === 0)
    subjects.push({ name: `gate:${gate.gate}`, digest: { sha256: input.gateSha256 } });
  const authors = git ? await authorsOf(git.commit) : [];
  return {
    subjects,
    ...(git
      ? { git: { commit: git.commit, dirty: git.dirty, ...(git.branch ? { branch: git.branch } : {}) } }
      : {}),
    requester: input.requester,
    authors,
    notes,
  };

  async function authorsOf(commit: string): Promise<string[]> {
    const from = await baseOf(commit);
    if (!from)
      notes.push('no earlier release is known: every author of the history counts as an author of this one');
    const emails = await emailsOf(root, from);
    if (emails.size > 0) return hashed(emails);
    complain('git names no author of what is released, so nobody could be told apart from one', noRangeHint);
    return [];
  }

  async function baseOf(commit: string): Promise<string | undefined> {
    const { since = 'last-go' } = gate.release ?? {};
    if (since !== 'last-go') return commitOf(root, since);
    const last = await input.lastGo(commit);
    if (!last) return undefined;
    if (await isAncestor(root, last.commit)) {
      notes.push(`the release begins after ${last.commit}: ${last.from}`);
      return last.commit;
    }
    complain(
      `${last.from} was of ${last.commit}, which is not part of the history of what is checked out`,
      noRangeHint,
    );
    return undefined;
  }

  function complain(what: string, hint = cleanHint): void {
    if (!rehearsal) throw new CountersignError('CONFIG_INVALID', what, { hint });
    notes.push(what);
  }
}

/** What a gate releases, as it lies in the checkout; a revision only where git knows the commit. */
export async function subjectsOf(
  root: string,
  gate: Gate,
  commit: string | undefined,
): Promise<SignOff['release']['subjects']> {
  const subjects: SignOff['release']['subjects'] = [];
  for (const subject of gate.release?.subjects ?? [{ git: 'HEAD' }]) {
    if ('file' in subject)
      subjects.push({ name: subject.file, digest: { sha256: await digestOf(root, subject.file) } });
    else if ('sha256' in subject) subjects.push({ name: subject.name, digest: { sha256: subject.sha256 } });
    else if (commit !== undefined) subjects.push(await gitSubject(root, subject.git, commit));
  }
  return subjects;
}

/** What was measured from the first item to the last has to be one release: what is no longer as it was, in words. */
export async function changeSince(
  release: SignOff['release'],
  { root, gate }: Pick<ReleaseInput, 'root' | 'gate'>,
): Promise<string | undefined> {
  if ((await headCommit(root)) !== release.git?.commit)
    return 'the checkout moved to another commit while the gate ran';
  for (const subject of gate.release?.subjects ?? []) {
    if (!('file' in subject)) continue;
    const before = release.subjects.find(({ name }) => name === subject.file);
    if (before?.digest['sha256'] !== (await digestOf(root, subject.file)))
      return `\`${subject.file}\` changed while the gate ran`;
  }
  return undefined;
}

/** Who asks for the sign-off when no flag says so. */
export async function defaultRequester(root: string): Promise<string> {
  return (await git(root, ['config', 'user.email'])) || 'unknown';
}

interface GitState {
  commit: string;
  branch: string;
  dirty: boolean;
  /** The first paths of the changes, in words. */
  changed: string;
  shallow: boolean;
}

async function gitState(root: string): Promise<GitState | undefined> {
  const commit = await headCommit(root);
  if (!commit) return undefined;
  const [branch, status, shallow] = await Promise.all([
    git(root, ['symbolic-ref', '--short', '-q', 'HEAD']),
    git(root, ['status', '--porcelain', '--untracked-files=normal']),
    git(root, ['rev-parse', '--is-shallow-repository']),
  ]);
  const changed = firstPaths(status ?? '');
  return { commit, branch: branch ?? '', dirty: status !== '', changed, shallow: shallow !== 'false' };
}

function firstPaths(status: string): string {
  const paths = status.split('\n').map((line) => line.trim().replace(/^\S+\s+/, ''));
  const more = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
  const own = paths.some((path) => path.endsWith('.countersign/'))
    ? ' (`.countersign/` belongs into .gitignore)'
    : '';
  return paths.slice(0, 3).join(', ') + more + own;
}

/** Checks run in the checkout, so they say nothing about any other commit. */
async function gitSubject(root: string, revision: string, commit: string) {
  const gitCommit = await commitOf(root, revision);
  if (gitCommit === commit) return { name: `git:${revision}`, digest: { gitCommit } };
  throw new CountersignError('CONFIG_INVALID', `\`${revision}\` is not the commit that is checked out`, {
    hint: `check it out, or let \`release.subjects\` of the gate name HEAD`,
  });
}

/** Addresses of authors and committers, as they are and as the mailmap has them, and of whoever a commit names beside. */
const whose = '%ae%n%aE%n%ce%n%cE%n%(trailers:key=Co-authored-by,valueonly)';

/** Of everyone in the range; none where git can't tell. */
async function emailsOf(root: string, from: string | undefined): Promise<Set<string>> {
  const log = await git(root, ['log', `--format=${whose}`, from ? `${from}..HEAD` : 'HEAD']);
  const lines = (log ?? '').split('\n').map((line) => /<([^<>]*)>\s*$/.exec(line)?.[1] ?? line);
  return new Set(lines.map((line) => line.trim().toLowerCase()).filter(Boolean));
}

function hashed(emails: ReadonlySet<string>): string[] {
  return [...emails].map((email) => createHash('sha256').update(email).digest('hex')).sort();
}

async function digestOf(root: string, file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(await confineExisting(root, file))) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What an archive may hold. `gate export` keeps to it, so that whatever was exported can be imported. */
export const limits = {
  /** The evidence of a run has at most 5,000 files. */
  files: 6_000,
  /** Largest file that is ever read back from a run folder. */
  fileBytes: 64 * 1024 * 1024,
  totalBytes: 2 * 1024 * 1024 * 1024,
  /** Of one part of a path. */
  nameLength: 150,
  /** Folders above a file. */
  depth: 3,
} as const;

const part = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Why a path has no place in a run folder; undefined for one that has. */
export function whyNotPath(path: string): string | undefined {
  const parts = path.split('/');
  if (parts.length > limits.depth + 1) return `is more than ${limits.depth} folders deep`;
  if (parts.some((each) => each.length > limits.nameLength))
    return `has a name of over ${limits.nameLength} characters`;
  if (parts.every((each) => part.test(each) && !each.endsWith('.'))) return undefined;
  return 'is no path of a run folder';
}

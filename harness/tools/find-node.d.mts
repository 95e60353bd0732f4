type Env = Readonly<Record<string, string | undefined>>;

export const nodePin: { version: string; packages: Record<string, { name: string; integrity: string }> };
export function isNewEnough(version: string): boolean;
/** Folder for what is downloaded, shared by all projects of a person. */
export function cacheFolder(env: Env): string;
export function cachedNode(env: Env): {
  pin: { name: string; integrity: string } | undefined;
  folder: string;
  program: string | undefined;
};
export function findNode(env: Env, root: string): string | undefined;

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Plain JavaScript, because it runs on whatever Node there is, before any TypeScript can.

/** @type {{ version: string, packages: Record<string, { name: string, integrity: string }> }} */
export const nodePin = JSON.parse(readFileSync(new URL('./pins.json', import.meta.url), 'utf8')).node;

/** First version that runs TypeScript as it is. */
const oldestMajor = 24;

/** @param {string} version */
export function isNewEnough(version) {
  return Number(version.replace(/^v/, '').split('.')[0]) >= oldestMajor;
}

/** @param {Record<string, string | undefined>} env */
export function cacheFolder(env) {
  if (env['COUNTERSIGN_CACHE']) return env['COUNTERSIGN_CACHE'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'countersign');
}

/**
 * Folder of the cache for the pinned Node, and the program inside it.
 * @param {Record<string, string | undefined>} env
 */
export function cachedNode(env) {
  const pin = nodePin.packages[`${process.platform}-${process.arch}`];
  const folder = join(cacheFolder(env), `node-${nodePin.version}-${process.platform}-${process.arch}`);
  return { pin, folder, program: pin && join(folder, 'node_modules', pin.name, 'bin', 'node') };
}

/**
 * A Node that is new enough: named by COUNTERSIGN_NODE, in the cache, or among the project's packages.
 * @param {Record<string, string | undefined>} env
 * @param {string} root
 * @returns {string | undefined}
 */
export function findNode(env, root) {
  const named = env['COUNTERSIGN_NODE'];
  if (named) {
    if (isNewEnough(versionOf(named))) return named;
    throw new Error(`COUNTERSIGN_NODE=${named} is not a Node ${oldestMajor} or later`);
  }
  const { program } = cachedNode(env);
  if (program && exists(program)) return program;
  const packaged = join(root, 'node_modules', '.bin', 'node');
  return exists(packaged) && isNewEnough(versionOf(packaged)) ? packaged : undefined;
}

/** @param {string} path */
function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** @param {string} program */
function versionOf(program) {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

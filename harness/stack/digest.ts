import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Environment } from '../config/environments.ts';
import { findRules } from './prometheus.ts';

/** Over everything a stack is made from: a running one with the same digest can be used again. */
export async function stackDigest(
  environment: Environment,
  from: { root: string; databaseUrl: string | undefined; rehearse: number },
): Promise<string> {
  const { root, databaseUrl, rehearse } = from;
  const { stack, vars, secrets, name } = environment;
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ name, stack, vars, secrets, databaseUrl, rehearse, node: process.version }));
  const files = stack?.prometheus ? await findRules(root, stack.prometheus.rules) : [];
  if (stack?.alertmanager) files.push(stack.alertmanager.config);
  for (const file of files) {
    hash.update(`\n${file}\n`);
    hash.update(await readFile(resolve(root, file)).catch(() => 'missing'));
  }
  return hash.digest('hex');
}

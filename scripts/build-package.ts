import { cp, glob, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mustRun } from '#harness/tools/run.ts';

const usage = `Usage: node scripts/build-package.ts

Builds dist/, JavaScript and declarations of harness/: Node strips no types under node_modules.
`;

const compileMs = 5 * 60_000;

export async function buildPackage(root: string): Promise<void> {
  const dist = join(root, 'dist');
  await rm(dist, { recursive: true, force: true });
  await mustRun(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: root,
    timeoutMs: compileMs,
  });
  for await (const file of glob('**/*.mjs', { cwd: join(root, 'harness') })) {
    if (file !== 'bin.mjs') await cp(join(root, 'harness', file), join(dist, file));
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(usage);
  else await buildPackage(process.cwd());
}

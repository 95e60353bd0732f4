#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

// Plain JavaScript: it must run on any Node, if only to find the right one.
const here = dirname(fileURLToPath(import.meta.url));
const runsTypeScript = Number(process.versions.node.split('.')[0]) >= 24;

if (runsTypeScript) {
  module.enableCompileCache?.();
  // Node strips no types under node_modules, so the package carries JavaScript.
  const source = new URL('./main.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
} else {
  const { findNode, nodePin } = await import('./tools/find-node.mjs');
  const { handOver } = await import('./tools/hand-over.mjs');
  try {
    const node = findNode(process.env, dirname(here));
    if (!node) throw new Error(`this is Node ${process.versions.node}; countersign needs Node 24 or later`);
    handOver(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], process.env);
  } catch (error) {
    process.stderr.write(`error TOOL_MISSING: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(
      `  hint: install Node ${nodePin.version} (https://nodejs.org), or set COUNTERSIGN_NODE to the path of one; ` +
        'in a clone of the repo `npm start` brings it\n',
    );
    process.exitCode = 2;
  }
}

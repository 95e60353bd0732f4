import { parseArgs } from 'node:util';
import { describeError } from '#harness/errors.ts';
import type { ToolName } from '#harness/tools/define.ts';
import { findTool } from '#harness/tools/find.ts';
import { toolPins } from '#harness/tools/pins.ts';

const usage = `Usage: node scripts/bring-tools.ts TOOL…

Finds each tool, or brings it into the cache. Tools: ${Object.keys(toolPins).join(', ')}
`;

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(toolPins, name));
if (values.help || positionals.length === 0 || unknown.length > 0) {
  process.stderr.write(unknown.length > 0 ? `unknown: ${unknown.join(', ')}\n${usage}` : usage);
  process.exitCode = values.help ? 0 : 2;
} else await bringAll(positionals as ToolName[]);

async function bringAll(names: readonly ToolName[]): Promise<void> {
  const from = performance.now();
  const say = (line: string) => process.stderr.write(`${'tools'.padEnd(9)} ${line}\n`);
  const outcomes = await Promise.allSettled(
    names.map((name) => findTool(name, { env: process.env, root: process.cwd(), bring: true, say })),
  );
  const found = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const seconds = ((performance.now() - from) / 1_000).toFixed(2);
  say(`${found.map(({ name, version }) => `${name} ${version}`).join(', ')} (${seconds} s)`);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    process.stderr.write(`${describeError(outcome.reason)}\n`);
    process.exitCode = 3;
  }
}

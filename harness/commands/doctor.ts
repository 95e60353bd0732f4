import { CountersignError } from '../errors.ts';
import { cacheFolder } from '../tools/cache.ts';
import type { FoundTool, ToolName } from '../tools/define.ts';
import { findTool, waysToGet } from '../tools/find.ts';
import { toolPins } from '../tools/pins.ts';
import { booleanFlag, type Command, type Io, jsonFlag, positionals } from './command.ts';

interface Finding {
  name: ToolName;
  needs: string;
  found?: FoundTool;
  problem?: string;
  ways: string[];
}

const origins: Record<FoundTool['from'], string> = {
  env: 'named by a variable',
  path: 'on PATH',
  cache: 'in the cache',
  package: 'from a package',
};

export const command: Command = {
  usage: '[--bring] [--json]',
  about:
    'Looks for every external program that a check or the local stack may need, and says where it came from or ' +
    'how to get it. Exits with 1 when one is missing.\n\nExample: countersign doctor --bring',
  flags: {
    bring: { type: 'boolean', summary: 'get what is missing, the way of this platform' },
    ...jsonFlag,
  },
  async run(args, io) {
    positionals(args, []);
    const names = (Object.keys(toolPins) as ToolName[]).filter((name) => !toolPins[name].testsOnly);
    const bring = booleanFlag(args, 'bring');
    const findings = await Promise.all(names.map((name) => look(name, bring, io)));
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify({ cache: cacheFolder(io.env), tools: findings }, null, 2)}\n`);
    } else show(findings, io);
    return findings.every(({ found }) => found) ? 0 : 1;
  },
};

async function look(name: ToolName, bring: boolean, io: Io): Promise<Finding> {
  const needs = `>= ${toolPins[name].minimum}`;
  const ways = waysToGet(name);
  try {
    const say = (line: string) => io.stderr.write(`${line}\n`);
    return { name, needs, ways, found: await findTool(name, { env: io.env, root: io.cwd, bring, say }) };
  } catch (thrown) {
    if (!(thrown instanceof CountersignError)) throw thrown;
    return { name, needs, ways, problem: thrown.message };
  }
}

function show(findings: readonly Finding[], io: Io): void {
  io.stdout.write(`cache ${cacheFolder(io.env)}\n`);
  for (const { name, found, problem, ways } of findings) {
    if (found) {
      io.stdout.write(
        `  ok       ${name.padEnd(13)} ${found.version.padEnd(14)} ${origins[found.from]}: ${found.path}\n`,
      );
      continue;
    }
    io.stdout.write(`  missing  ${name.padEnd(13)} ${problem}\n`);
    for (const way of ways) io.stdout.write(`           ${''.padEnd(13)} - ${way}\n`);
  }
}

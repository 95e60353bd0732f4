import { parseArguments, type Terminal } from '../commands/command.ts';
import { commands } from '../commands/index.ts';
import { CountersignError, describeError } from '../errors.ts';
import type { CliResult } from './cli.ts';

/** Runs a command without a process of its own: many at the price of one start. Words are never split. */
export async function runCommand(
  cwd: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<CliResult> {
  const name =
    [2, 1].map((words) => argv.slice(0, words).join(' ')).find((one) => Object.hasOwn(commands, one)) ?? '';
  const entry = commands[name];
  if (!entry) throw new Error(`there is no command ${argv.join(' ')}`);
  const stdout = memory();
  const stderr = memory();
  const cleanUps: (() => Promise<void> | void)[] = [];
  const end = (exit: number): CliResult => ({ exit, stdout: stdout.text(), stderr: stderr.text() });
  try {
    const { command } = await entry.load();
    const args = parseArguments(name, command, argv.slice(name.split(' ').length));
    const exit = await command.run(args, {
      stdout,
      stderr,
      env,
      cwd,
      signal: new AbortController().signal,
      askSecret: async () => {
        throw new CountersignError('USAGE', 'there is no terminal');
      },
      onExit: (cleanUp) => void cleanUps.unshift(cleanUp),
    });
    return end(exit);
  } catch (thrown) {
    stderr.write(describeError(thrown));
    return end(thrown instanceof CountersignError ? thrown.exitCode : 3);
  } finally {
    for (const cleanUp of cleanUps) await cleanUp();
  }
}

function memory(): Terminal & { text(): string } {
  let written = '';
  return {
    write(text) {
      written += text;
    },
    isTTY: false,
    columns: 120,
    colour: false,
    text: () => written,
  };
}

import { parseArguments } from './commands/command.ts';
import { commandHelp, groupHelp, overview } from './commands/help.ts';
import { commands } from './commands/index.ts';
import { processIo } from './commands/process-io.ts';

/** Until a command has said otherwise, the outcome is "could not tell". */
process.exitCode = 3;

const argv = process.argv.slice(2);

async function main(): Promise<number> {
  const { io, finish, fault, written } = processIo(process);
  try {
    const exit = await dispatch();
    await written();
    if (!fault()) return exit;
    throw fault()?.thrown;
  } catch (caught) {
    const thrown = fault() ? fault()?.thrown : caught;
    const { CountersignError, describeError } = await import('./errors.ts');
    if (io.signal.aborted && !fault()) {
      io.stderr.write('interrupted\n');
      return 130;
    }
    io.stderr.write(`${describeError(thrown)}\n`);
    if (!(thrown instanceof CountersignError) && io.env['COUNTERSIGN_DEBUG']) {
      io.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    }
    return thrown instanceof CountersignError ? thrown.exitCode : 3;
  } finally {
    await finish();
  }

  async function dispatch(): Promise<number> {
    const [first = '--help', second = ''] = argv;
    if (['--help', '-h', 'help'].includes(first)) {
      io.stdout.write(overview(commands));
      return argv.length === 0 ? 2 : 0;
    }
    if (['--version', '-v'].includes(first)) {
      const { version } = await import('./version.ts');
      io.stdout.write(`countersign ${version()}\n`);
      return 0;
    }
    const name = Object.hasOwn(commands, `${first} ${second}`) ? `${first} ${second}` : first;
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    const rest = argv.slice(name.split(' ').length);
    if (!entry) return unknownCommand(first, second);
    const { command } = await entry.load();
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(commandHelp(name, entry.summary, command));
      return 0;
    }
    return command.run(parseArguments(name, command, rest), io);
  }

  function unknownCommand(first: string, second: string): number {
    const group = groupHelp(commands, first);
    if (group && (second === '' || second.startsWith('-'))) {
      io.stdout.write(group);
      return second === '' ? 2 : 0;
    }
    const said = group ? `${first} ${second}` : first;
    io.stderr.write(`error USAGE: there is no command \`${said}\`\n  hint: run \`countersign --help\`\n`);
    return 2;
  }
}

let ended = false;
process.once('beforeExit', () => {
  if (!ended) process.stderr.write('error INTERNAL: it ended before it was done: something never answers\n');
});
process.exitCode = await main();
ended = true;
// A check that left a timer or a connection behind must not hold the outcome back.
setTimeout(() => process.exit(), 2_000).unref();

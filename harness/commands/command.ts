import { parseArgs } from 'node:util';
import { CountersignError } from '../errors.ts';

export interface Flag {
  type: 'boolean' | 'string';
  summary: string;
  /** Placeholder in help: `--env NAME`. */
  value?: string;
  multiple?: boolean;
  short?: string;
}

export interface Terminal {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  readonly colour: boolean;
}

/** All of the outside world that a command may see; `main.ts` alone fills it from `process`. */
export interface Io {
  /** Output proper: what a pipe wants. */
  stdout: Terminal;
  /** Progress and messages. */
  stderr: Terminal;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Aborted on SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** Reads a line without echo where there is a terminal; refuses otherwise. */
  askSecret(prompt: string): Promise<string>;
  /** Called on the way out, in reverse order, whatever happens. */
  onExit(cleanUp: () => Promise<void> | void): void;
}

export interface Arguments {
  flags: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  positionals: readonly string[];
}

export interface Command {
  /** What follows the command's name: `GATE [--env NAME]`. */
  usage: string;
  /** A paragraph under the summary, with one runnable example. */
  about?: string;
  flags: Readonly<Record<string, Flag>>;
  /** Resolves to the exit code. */
  run(args: Arguments, io: Io): Promise<number>;
}

export const jsonFlag = { json: { type: 'boolean', summary: 'print JSON to stdout' } } as const;

export function parseArguments(name: string, command: Command, argv: readonly string[]): Arguments {
  try {
    const options = Object.fromEntries(
      Object.entries(command.flags).map(([flag, { type, multiple, short }]) => [
        flag,
        { type, ...(multiple ? { multiple } : {}), ...(short ? { short } : {}) },
      ]),
    );
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      strict: true,
    });
    refuseEmpty(values);
    return { flags: values, positionals };
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    const message = thrown instanceof Error ? thrown.message.split('. ')[0] : String(thrown);
    throw new CountersignError('USAGE', `${message}`, { hint: `run \`countersign ${name} --help\`` });
  }
}

/** `--env "$NAME"` with NAME unset must not mean that no --env was given. */
function refuseEmpty(values: Arguments['flags']): void {
  const empty = Object.entries(values).find(([, value]) => value === '' || [value].flat().includes(''));
  if (empty) throw new CountersignError('USAGE', `--${empty[0]} is empty`);
}

export function stringFlag(args: Arguments, name: string): string | undefined {
  const value = args.flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** All values of a flag that may be given more than once. */
export function listFlag(args: Arguments, name: string): string[] {
  return [args.flags[name]].flat().filter((value) => typeof value === 'string');
}

export function booleanFlag(args: Arguments, name: string): boolean {
  return args.flags[name] === true;
}

/** A whole number within bounds, or USAGE. */
export function integerFlag(
  args: Arguments,
  name: string,
  bounds: { min: number; max: number },
): number | undefined {
  const text = stringFlag(args, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[0-9]{1,15}$/.test(text) || value < bounds.min || value > bounds.max) {
    throw new CountersignError(
      'USAGE',
      `--${name} takes a whole number from ${bounds.min} to ${bounds.max}, not \`${text}\``,
    );
  }
  return value;
}

/** The positionals by name; too few or too many is USAGE. */
export function positionals<const N extends readonly string[]>(
  args: Arguments,
  names: N,
): { [K in keyof N]: string } {
  const given = args.positionals;
  if (given.length !== names.length) {
    const missing = names[given.length];
    throw new CountersignError(
      'USAGE',
      missing ? `${missing} is missing` : `\`${given[names.length]}\` is one argument too many`,
    );
  }
  return given as unknown as { [K in keyof N]: string };
}

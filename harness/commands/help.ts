import type { Command } from './command.ts';
import type { CommandEntry } from './index.ts';

type Commands = Readonly<Record<string, CommandEntry>>;

export function overview(commands: Commands): string {
  return `countersign: release gates as code, with countersigned evidence

usage: countersign COMMAND [options]

${table(Object.entries(commands).map(([name, { summary }]) => [name, summary]))}

options of every command:
  --help         what it does, its options and an example
  --json         JSON to stdout (where a command prints a result)

exit codes: 0 passed or GO · 1 failed or NO_GO · 2 usage or config · 3 could not tell · 4 invalid · 130 interrupted
`;
}

/** Help for `countersign gate`: its verbs, or undefined where there is no such group. */
export function groupHelp(commands: Commands, group: string): string | undefined {
  const verbs = Object.entries(commands).filter(([name]) => name.startsWith(`${group} `));
  if (verbs.length === 0) return undefined;
  return `usage: countersign ${group} COMMAND [options]\n\n${table(verbs.map(([name, { summary }]) => [name, summary]))}\n`;
}

export function commandHelp(name: string, summary: string, command: Command): string {
  const flags = Object.entries(command.flags).map(([flag, { type, value, short, summary: text }]) => [
    `${short ? `-${short}, ` : ''}--${flag}${type === 'string' ? ` ${value ?? 'VALUE'}` : ''}`,
    text,
  ]);
  const about = command.about ? `\n${command.about.trim()}\n` : '';
  const options = flags.length > 0 ? `\noptions:\n${table(flags)}\n` : '';
  return `${name}: ${summary}\n\nusage: countersign ${[name, command.usage].join(' ').trim()}\n${about}${options}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([left = '']) => left.length)) + 2;
  return rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}${right}`).join('\n');
}

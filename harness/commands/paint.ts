import type { Decision, ItemState } from '../report/schema.ts';
import { signs } from '../report/signs.ts';
import type { Terminal } from './command.ts';

const codes = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
} as const;
type Colour = keyof typeof codes;

export function paint(terminal: Terminal, colour: Colour, text: string): string {
  return terminal.colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

const colours: Record<ItemState, Colour> = {
  passed: 'green',
  flaky: 'yellow',
  failed: 'red',
  error: 'red',
  blocked: 'dim',
  pending: 'yellow',
  waived: 'yellow',
  rehearsed: 'cyan',
};

export function stateMark(terminal: Terminal, state: ItemState): string {
  return paint(terminal, colours[state], `${signs[state]} ${state.padEnd(9)}`);
}

export function decisionText(terminal: Terminal, decision: Decision): string {
  const colour: Colour = decision === 'NO_GO' ? 'red' : decision === 'INCONCLUSIVE' ? 'yellow' : 'green';
  return paint(terminal, 'bold', paint(terminal, colour, decision));
}

/** Text of somebody else's on one line: no line of its own, no escape sequence, no workflow command of GitHub's. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .replace(/^(?=::|##\[)/, '· ');
}

export function seconds(milliseconds: number): string {
  return milliseconds < 100 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}

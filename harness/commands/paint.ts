import type { Decision, ItemState } from '../report/schema.ts';
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

/** A word beside every colour and sign: nothing is told by colour alone. */
const states: Record<ItemState, { sign: string; colour: Colour }> = {
  passed: { sign: '✓', colour: 'green' },
  flaky: { sign: '≈', colour: 'yellow' },
  failed: { sign: '✗', colour: 'red' },
  error: { sign: '!', colour: 'red' },
  blocked: { sign: '·', colour: 'dim' },
  pending: { sign: '…', colour: 'yellow' },
  waived: { sign: '~', colour: 'yellow' },
  rehearsed: { sign: '○', colour: 'cyan' },
};

export function stateMark(terminal: Terminal, state: ItemState): string {
  const { sign, colour } = states[state];
  return paint(terminal, colour, `${sign} ${state.padEnd(9)}`);
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

import type { VerifyLine } from '../../sign/verify.ts';
import type { Terminal } from '../command.ts';
import { oneLine, paint } from '../paint.ts';

/** One line a check, also for those that did not run. */
export function verifyLines(terminal: Terminal, lines: readonly VerifyLine[]): string {
  return lines
    .map(({ check, ran, ok, text }) => {
      const mark = !ok
        ? paint(terminal, 'red', '✗ wrong  ')
        : ran
          ? paint(terminal, 'green', '✓ right  ')
          : paint(terminal, 'dim', '- not run');
      return `${mark} ${check.padEnd(13)} ${oneLine(text)}\n`;
    })
    .join('');
}

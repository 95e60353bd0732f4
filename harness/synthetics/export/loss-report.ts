import type { Loss } from './define.ts';

/** What a person reads after an export or an import: every loss, by check, in the order of the file. */
export function lossReport(losses: readonly Loss[], to: string): string {
  if (losses.length === 0) return `${to}: nothing was lost\n`;
  const blocks = [...Map.groupBy(losses, ({ check }) => check)].map(([check, own]) => {
    const lines = own.map(({ field, said, became, why }) => {
      const change = became === undefined ? `${said} is left out` : `${said} became ${became}`;
      return `  ${field}: ${change}\n    ${why}`;
    });
    return `${check}\n${lines.join('\n')}`;
  });
  return `${to}: ${losses.length} ${losses.length === 1 ? 'loss' : 'losses'}\n${blocks.join('\n')}\n`;
}

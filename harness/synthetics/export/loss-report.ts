import type { Loss } from './define.ts';

/** What a person reads after an export or an import: every loss, by check, in the order of the file. */
export function lossReport(losses: readonly Loss[], to: string): string {
  if (losses.length === 0) return `${to}: nothing was lost\n`;
  const blocks = [...Map.groupBy(losses, ({ check }) => check)].map(([check, own]) => {
    const lines = own.map(({ field, said, became, why }) => {
      const from = onOneLine(said);
      const change = became === undefined ? `${from} is left out` : `${from} became ${onOneLine(became)}`;
      return `  ${field}: ${change}\n    ${why}`;
    });
    return `${check}\n${lines.join('\n')}`;
  });
  return `${to}: ${losses.length} ${losses.length === 1 ? 'loss' : 'losses'}\n${blocks.join('\n')}\n`;
}

/** Line ends and what a terminal would obey, as JSON writes them: an imported file may come from anyone. */
function onOneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

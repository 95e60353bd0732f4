import type { TextResult } from '../../sources/define.ts';

/** RFC 4180; null is an empty field, an empty text is `""`. */
export function toCsv({ columns, rows }: TextResult): string {
  const names = columns.map((column) => column.name);
  const lines = rows.map((row) => names.map((name) => field(row[name] ?? null)));
  return [names.map(field), ...lines].map((fields) => `${fields.join(',')}\r\n`).join('');
}

function field(text: string | null): string {
  if (text === null) return '';
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

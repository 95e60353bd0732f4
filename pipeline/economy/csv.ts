const byteOrderMark = '\ufeff';
const columns = ['Date', 'Type', 'Amount', 'Balance After', 'Reason', 'ID'];

/** With the only byte order mark of the file: spreadsheets take it for UTF-8. */
export const csvHeader = `${byteOrderMark}${columns.join(',')}\r\n`;

export interface CsvRow {
  id: string;
  amount: string;
  balance_after: string;
  reason: string;
  created_at: Date;
}

export function csvLine(row: CsvRow): string {
  const date = row.created_at.toISOString().slice(0, 19).replace('T', ' ');
  const type = row.amount.startsWith('-') ? 'Debit' : 'Credit';
  return `${[date, type, row.amount, row.balance_after, field(row.reason), row.id].join(',')}\r\n`;
}

/** Spreadsheets run a text that begins so as a formula; a byte order mark may stand only at the beginning. */
function field(text: string): string {
  const plain = text.replaceAll(byteOrderMark, '');
  const safe = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

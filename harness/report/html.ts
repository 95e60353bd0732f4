import type { ReportContext } from './approvals.ts';
import type { Statement } from './schema.ts';

export function renderHtml(statement: Statement, context: ReportContext): string {
  return `<!doctype html>\n${statement.predicate.decision} ${context.approvals.length}\n`;
}

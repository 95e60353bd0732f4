import { join } from 'node:path';
import { writeWhole } from '../gate/evidence.ts';
import type { ReportContext } from '../report/approvals.ts';
import { renderHtml } from '../report/html.ts';
import { renderJunit } from '../report/junit.ts';
import type { Statement } from '../report/schema.ts';
import type { ApprovalCount } from './trust.ts';

/** Before anyone has signed, every role that the gate asks for is missing. */
export function reportContext(
  report: { sha256: string; statement: Statement },
  count: Pick<ApprovalCount, 'approvals' | 'missing'> = {
    approvals: [],
    missing: report.statement.predicate.policy.require,
  },
): ReportContext {
  return {
    sha256: report.sha256,
    approvals: count.approvals.map(({ person, role, keyid, at }) => ({
      person: person.id,
      name: person.name,
      role,
      keyid,
      ...(at === undefined ? {} : { at }),
    })),
    missing: count.missing,
  };
}

/** What people and build servers read. It proves nothing by itself: `verify` renders it again and compares. */
export function render(
  report: { sha256: string; statement: Statement },
  count?: Pick<ApprovalCount, 'approvals' | 'missing'>,
): { 'report.html': string; 'junit.xml': string } {
  return {
    'report.html': renderHtml(report.statement, reportContext(report, count)),
    'junit.xml': renderJunit(report.statement),
  };
}

/** Files that stand beside the report; each replaced in one step. */
export async function writeRendered(folder: string, ...report: Parameters<typeof render>): Promise<void> {
  for (const [name, text] of Object.entries(render(...report))) await writeWhole(join(folder, name), text);
}

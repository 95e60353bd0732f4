import { join } from 'node:path';
import { writeWhole } from '../gate/evidence.ts';
import type { ReportContext } from '../report/approvals.ts';
import { isPng, type Pictures, picturesToShow } from '../report/html/pictures.ts';
import { renderHtml } from '../report/html.ts';
import { renderJunit } from '../report/junit.ts';
import type { Statement } from '../report/schema.ts';
import { readRunFile } from './folder.ts';
import { sha256 } from './statement.ts';
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
export async function render(
  folder: string,
  report: { sha256: string; statement: Statement },
  count?: Pick<ApprovalCount, 'approvals' | 'missing'>,
): Promise<{ 'report.html': string; 'junit.xml': string }> {
  const pictures = await readPictures(folder, report.statement);
  return {
    'report.html': renderHtml(report.statement, { ...reportContext(report, count), pictures }),
    'junit.xml': renderJunit(report.statement),
  };
}

/** Files that stand beside the report; each replaced in one step. */
export async function writeRendered(...given: Parameters<typeof render>): Promise<void> {
  for (const [name, text] of Object.entries(await render(...given))) {
    await writeWhole(join(given[0], name), text);
  }
}

/** What is not what the report names is not shown; that it is missing or changed, `verify` says. */
async function readPictures(folder: string, { predicate }: Statement): Promise<Pictures> {
  const pictures = new Map<string, Uint8Array>();
  for (const { sha256: digest } of picturesToShow(predicate)) {
    const bytes = await readRunFile(folder, `evidence/${digest}`).catch(() => undefined);
    if (bytes && isPng(bytes) && sha256(bytes) === digest) pictures.set(digest, bytes);
  }
  return pictures;
}

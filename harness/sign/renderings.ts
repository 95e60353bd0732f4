import { join } from 'node:path';
import { writeWhole } from '../gate/evidence.ts';
import type { ReportContext, SaidLine } from '../report/approvals.ts';
import { isPng, type Pictures, picturesToShow } from '../report/html/pictures.ts';
import { renderHtml } from '../report/html.ts';
import { renderJunit } from '../report/junit.ts';
import type { Statement } from '../report/schema.ts';
import { readRunFile } from './folder.ts';
import type { Saying } from './said/schema.ts';
import { sha256 } from './statement.ts';
import type { ApprovalCount } from './trust.ts';

/** How people stand to a report: whose signatures count, which are missing, and what else was said. */
export interface ShownStanding extends Pick<ApprovalCount, 'approvals' | 'missing'> {
  said?: readonly Saying[];
}

/** Before anyone has signed, every role that the gate asks for is missing. */
export function reportContext(
  report: { sha256: string; statement: Statement },
  standing: ShownStanding = { approvals: [], missing: report.statement.predicate.policy.require },
): ReportContext {
  return {
    sha256: report.sha256,
    approvals: standing.approvals.map(({ person, role, keyid, at }) => ({
      person: person.id,
      name: person.name,
      role,
      keyid,
      ...(at === undefined ? {} : { at }),
    })),
    missing: standing.missing,
    said: (standing.said ?? []).flatMap(shown),
  };
}

/** Approvals are shown where people sign. */
function shown(one: Saying): SaidLine[] {
  const { person, name, key: keyid, at, earlier } = one;
  const who = { person, name, keyid, at, earlier };
  switch (one.type) {
    case 'approval':
      return [];
    case 'comment':
      return [{ ...who, kind: 'comment', words: one.text }];
    case 'rejection':
      return [{ ...who, kind: 'rejection', words: one.reason }];
    case 'withdrawal':
      return [{ ...who, kind: one.of === 'go' ? 'go-withdrawn' : 'approval-withdrawn', words: one.reason }];
    case 'revocation': {
      const revoked = { keyid: one.revoked_key, from: one.revoked_at };
      return [{ ...who, kind: 'revocation', words: one.reason, revoked }];
    }
  }
}

/** What people and build servers read. It proves nothing by itself: `verify` renders it again and compares. */
export async function render(
  folder: string,
  report: { sha256: string; statement: Statement },
  standing?: ShownStanding,
): Promise<{ 'report.html': string; 'junit.xml': string }> {
  const pictures = await readPictures(folder, report.statement);
  const context = reportContext(report, standing);
  return {
    'report.html': renderHtml(report.statement, { ...context, pictures }),
    'junit.xml': renderJunit(report.statement, context),
  };
}

/** Which of the files that people read say something else than the report does. */
export async function unlikeRendered(...given: Parameters<typeof render>): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, text] of Object.entries(await render(...given))) {
    if (!(await readRunFile(given[0], name)).equals(Buffer.from(text)))
      problems.push(`${name} does not say what the report says`);
  }
  return problems;
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

import { join } from 'node:path';
import { buildStatement, serialiseStatement } from '../report/build.ts';
import type { SignOff, Statement } from '../report/schema.ts';
import { hasRunFile, readRunFile } from '../sign/folder.ts';
import { writeRendered } from '../sign/renderings.ts';
import { readStatement, sha256 } from '../sign/statement.ts';
import type { Conducted } from './conduct.ts';
import { writeWhole } from './evidence.ts';
import type { RunFinished } from './history.ts';
import { describeEnvironment } from './inputs.ts';
import { clockSetBack, clocksDivided } from './relaxation.ts';

export interface Ending extends RunFinished {
  /** When the last line of the run was written. */
  at: string;
  reports: SignOff['items'];
  /** Time during which a runner was at work. */
  usedMs: number;
}

/** Writes the report of a run whose last line is in its journal. */
export async function freeze(run: Conducted, ending: Ending): Promise<Statement> {
  const { folder } = run;
  const statement = statementOf(run, ending);
  await writeReport(folder, statement);
  // Larger than what a verifier reads: said now, not when people come to sign.
  for (const name of ['report.json', 'journal.jsonl']) await readRunFile(folder, name);
  return statement;
}

function statementOf(run: Conducted, { at, reports, usedMs, change }: Ending): Statement {
  const { gate, environment, signers, journal, clock, begun, evidence, redactor, history } = run;
  const { release, rehearse, tool } = begun;
  const notes = [...release.notes, ...history.notes, ...(change ? [change] : [])];
  return buildStatement({
    gate: gate.gate,
    gateFile: gate.file,
    gateSha256: gate.sha256,
    run: {
      id: run.id,
      started_at: begun.at,
      finished_at: at,
      duration_ms: usedMs,
      tool,
      ...(rehearse && rehearse > 1 ? { rehearse } : {}),
      ...(history.aborted ? { aborted: history.aborted } : {}),
      ...(history.resumptions.length > 0 ? { resumptions: history.resumptions } : {}),
    },
    environment: describeEnvironment(run),
    release: { ...release, notes },
    signers: { file: signers.file, sha256: signers.sha256, rehearsal: environment.rehearsal },
    items: reports,
    relaxations: relaxationsOf(run),
    evidence: evidence.records,
    redactions: redactor.count,
    journal: { head: journal.head.hash, lines: journal.head.seq },
    now: clock.now(),
  });
}

/** What made the run easier, or its times less certain: a report with one can never read a plain GO. */
function relaxationsOf({ environment, begun, setBacks }: Conducted): string[] {
  const { rehearse = 1 } = begun;
  return [
    ...(environment.stack && rehearse > 1 ? [clocksDivided(rehearse)] : []),
    ...setBacks.map(clockSetBack),
  ];
}

/** The bytes that people will sign, and the renderings of them. */
export async function writeReport(folder: string, statement: Statement): Promise<void> {
  const bytes = serialiseStatement(statement);
  await writeWhole(join(folder, 'report.json'), bytes);
  await writeRendered(folder, { sha256: sha256(bytes), statement });
}

/** Writes the renderings of a report that was written just before its runner ended; missing where nothing is missing. */
export async function renderMissing(folder: string): Promise<Statement | undefined> {
  const names = ['report.json', 'report.html', 'junit.xml'];
  const [report, ...rendered] = await Promise.all(names.map((name) => hasRunFile(folder, name)));
  if (!report || rendered.every(Boolean)) return undefined;
  const bytes = await readRunFile(folder, 'report.json');
  const statement = readStatement(bytes);
  await writeRendered(folder, { sha256: sha256(bytes), statement });
  return statement;
}

import { isDeepStrictEqual } from 'node:util';
import { readJournal } from '../../gate/journal.ts';
import { readApprovals, type SigningTime } from '../approval.ts';
import { readRunFile } from '../folder.ts';
import { sha256 } from '../statement.ts';
import { type Examined, type Finding, fail, pass, skip, summarise } from './finding.ts';

/** The files beside the report are those that it was made from. */
export async function checkCopies({ options, report }: Examined): Promise<Finding[]> {
  const { gate, signers, environment } = report.statement.predicate;
  const copies = {
    'gate.yml': gate.sha256,
    'signers.yml': signers.sha256,
    'environment.json': environment.sha256,
  };
  const problems: string[] = [];
  for (const [name, digest] of Object.entries(copies)) {
    if (sha256(await readRunFile(options.folder, name)) !== digest)
      problems.push(`${name} is not the file that was used`);
  }
  return [summarise('copies', problems, 'gate, signers and environment are as they were')];
}

/** The given signers file decides who counts; the one that the report was frozen with must be the same. */
export function checkSigners({ options, report }: Examined): Finding[] {
  const { signers } = report.statement.predicate;
  if (sha256(options.signers.bytes) !== signers.sha256) {
    return [
      fail(
        'signers',
        `the signers file is not the one that the report was made with (${signers.file}); give that one, from a place you trust`,
      ),
    ];
  }
  if ((options.signers.parsed.rehearsal === true) !== signers.rehearsal) {
    return [fail('signers', 'report and signers file do not agree whether this is a rehearsal')];
  }
  return [pass('signers', `${signers.file} is the file that the report was made with`)];
}

/** What the report speaks of is what is about to be released, here, by this gate. */
export function checkTarget({ options, report }: Examined): Finding[] {
  const { predicate, subject } = report.statement;
  const { release, gate, environment } = predicate;
  const findings: Finding[] = [];
  if (!isDeepStrictEqual(subject, release.subjects))
    findings.push(fail('subjects', 'the statement and its predicate name different subjects'));
  const commit = release.git?.commit;
  const named = subject.map(({ digest }) => digest['gitCommit']).filter((value) => value !== undefined);
  if (named.some((value) => value !== commit))
    findings.push(fail('git', 'a subject is another commit than the release'));
  findings.push(
    compare('git', options.git?.commit, commit, 'commit'),
    compare('environment', options.environment?.name, environment.name, 'environment'),
    compare('gate', options.gate && sha256(options.gate), gate.sha256, `gate ${gate.file}, SHA-256`),
    ...checkSubjects(options.subjects, subject),
  );
  return findings;
}

function compare(
  check: string,
  wanted: string | undefined,
  found: string | undefined,
  what: string,
): Finding {
  if (wanted === undefined)
    return skip(check, `not compared; the report names the ${what} ${found ?? 'nowhere'}`);
  if (wanted === found) return pass(check, `${what} ${found}`);
  return fail(check, `the report is about the ${what} ${found ?? '(none)'}, not ${wanted}`);
}

function checkSubjects(
  wanted: readonly Record<string, string>[] | undefined,
  subjects: Examined['report']['statement']['subject'],
): Finding[] {
  const names = subjects.map(({ name }) => name).join(', ');
  if (!wanted) return [skip('subjects', `not compared; the report is about ${names}`)];
  const missing = wanted.filter(
    (digests) =>
      Object.keys(digests).length === 0 ||
      !subjects.some(({ digest }) =>
        Object.entries(digests).every(([name, value]) => digest[name] === value),
      ),
  );
  return [
    summarise(
      'subjects',
      missing.map((digests) => `${JSON.stringify(digests)} is no subject of the report`),
      names,
    ),
  ];
}

/** The chain holds, its frozen head is where the report says, and what follows are signed statements. */
export async function readSigningTimes({
  options,
  report,
  keys,
}: Examined): Promise<{ findings: Finding[]; times: SigningTime[] }> {
  const { journal } = report.statement.predicate;
  const entries = readJournal(await readRunFile(options.folder, 'journal.jsonl'));
  const head = entries[journal.lines - 1];
  if (head?.hash !== journal.head) {
    return {
      findings: [fail('journal', `line ${journal.lines} of the journal is not the one that was frozen`)],
      times: [],
    };
  }
  const times = readApprovals(entries.slice(journal.lines), report, keys);
  const text = `${entries.length} lines in one chain, ${times.length} after the freeze, each signed`;
  return { findings: [pass('journal', text)], times };
}

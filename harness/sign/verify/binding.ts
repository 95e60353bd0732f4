import { isDeepStrictEqual } from 'node:util';
import { readJournal } from '../../gate/journal.ts';
import type { GateItem } from '../../gate/schema.ts';
import type { ItemReport } from '../../report/schema.ts';
import { readRunFile } from '../folder.ts';
import { frozenGate } from '../frozen-gate.ts';
import { readSaid } from '../said/read.ts';
import type { Saying } from '../said/schema.ts';
import { sha256 } from '../statement.ts';
import { type Examined, type Finding, fail, pass, skip, summarise } from './finding.ts';
import { checkRelaxed } from './relaxed.ts';
import { checkTold } from './told.ts';

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

/** Who must sign, what is expected and who attests come from the gate's file, not from the one who made the report. */
export async function checkPolicy({ options, report }: Examined): Promise<Finding[]> {
  const { policy, items, gate: named } = report.statement.predicate;
  const gate = await frozenGate(options.folder);
  const { require, distinct_people = true, not_author = true } = gate.sign;
  const asked = {
    require: require.map(({ role, count = 1 }) => ({ role, count })),
    distinct_people,
    not_author,
  };
  const problems: string[] = [];
  if (gate.gate !== named.id) problems.push(`gate.yml is the gate ${gate.gate}`);
  if (!isDeepStrictEqual(asked, policy)) problems.push('the report asks for other signatures than gate.yml');
  if (gate.items.map(({ id }) => id).join() !== items.map(({ id }) => id).join()) {
    problems.push('the report has other items than gate.yml');
  }
  for (const item of gate.items) {
    const found = items.find(({ id }) => id === item.id);
    if (found && !isFaithful(item, found)) problems.push(`${item.id} was not judged as gate.yml says`);
  }
  return [summarise('policy', problems, `signatures and ${items.length} items are those of gate.yml`)];
}

function isFaithful(item: GateItem, found: ItemReport): boolean {
  const expected = (found.watch?.samples ?? found.attempts).map(({ expectations }) =>
    expectations.map(({ text }) => text),
  );
  return (
    item.check === found.check &&
    item.attest?.role === found.attest?.role &&
    (item.attest?.about ?? []).join() === (found.attest?.about ?? []).join() &&
    (item.expect === undefined ||
      expected.every((texts) => texts.length === 0 || isDeepStrictEqual(texts, item.expect)))
  );
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
  const targets = [
    compare('git', options.git?.commit, commit, 'commit'),
    compare('environment', options.environment?.name, environment.name, 'environment'),
    compare('gate', options.gate && sha256(options.gate), gate.sha256, `gate ${gate.file}, SHA-256`),
    ...checkSubjects(options.subjects, subject),
  ];
  // A sound report about something else: whoever deploys must not take it for a forged one.
  const weighed = options.forDeploy ? targets.map(asNotDeployable) : targets;
  return [...findings, ...weighed];
}

function asNotDeployable(finding: Finding): Finding {
  return finding.ok ? finding : { ...finding, weight: 'not-deployable' };
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
export async function readJournalOf({
  options,
  report,
  keys,
}: Examined): Promise<{ findings: Finding[]; said: readonly Saying[] }> {
  const { predicate } = report.statement;
  const { journal } = predicate;
  const entries = readJournal(await readRunFile(options.folder, 'journal.jsonl'));
  const head = entries[journal.lines - 1];
  if (head?.hash !== journal.head) {
    return {
      findings: [fail('journal', `line ${journal.lines} of the journal is not the one that was frozen`)],
      said: [],
    };
  }
  const said = readSaid(entries, report, keys);
  const later = said.filter(({ earlier }) => !earlier).length;
  const text = `${entries.length} lines in one chain, ${later} of them signed after the freeze`;
  const frozen = entries.slice(0, journal.lines);
  const told = [...checkTold(predicate, frozen), ...checkRelaxed(predicate, frozen)];
  return { findings: [pass('journal', text), ...told], said };
}

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { FactSchema } from '../gate/facts.ts';
import { Journal } from '../gate/journal.ts';
import { factSchemaName, recompute } from '../gate/recompute.ts';
import type { Gate } from '../gate/schema.ts';
import { decide, judgeFacts } from '../gate/verdict.ts';
import { manifestDigest } from '../report/manifest.ts';
import {
  type ArtifactRecord,
  type ItemReport,
  SIGNOFF_TYPE,
  type SignOff,
  STATEMENT_TYPE,
  type Statement,
} from '../report/schema.ts';
import { generateKey, type KeyType, type NewKey } from '../sign/keys.ts';
import { writeRendered } from '../sign/renderings.ts';
import { type SignOptions, signReport } from '../sign/sign.ts';
import type { Signers } from '../sign/signers.ts';
import { version } from '../version.ts';

export const FROZEN_AT = '2026-11-25T08:30:00.000Z';
export const SIGNED_AT = '2026-11-25T09:00:00.000Z';
export const EXPIRES_AT = '2026-11-26T08:30:00.000Z';
/** As our own: only then are renderings compared. */
export const VERSION = version();
const testEnvironment = { name: 'staging', title: 'Staging', zone: 'Africa/Lagos' };
export const passphrase = 'correct horse battery';

export interface TestPerson {
  id: string;
  roles: string[];
  emails?: string[];
  keys: (NewKey & { not_before?: string; not_after?: string; revoked_at?: string })[];
}

export function testPerson(
  id: string,
  roles: string[],
  options: { type?: KeyType; keys?: number } = {},
): TestPerson {
  const keys = Array.from({ length: options.keys ?? 1 }, () =>
    generateKey({ type: options.type ?? 'p256', passphrase }),
  );
  return { id, roles, emails: [`${id}@example.com`], keys };
}

export function testSigners(people: readonly TestPerson[], rehearsal = false): Signers {
  return {
    ...(rehearsal ? { rehearsal } : {}),
    people: people.map(({ id, roles, emails, keys }) => ({
      id,
      name: `${id[0]?.toUpperCase()}${id.slice(1)}`,
      ...(emails ? { emails } : {}),
      roles,
      keys: keys.map(({ id, publicPem, not_before, not_after, revoked_at }) => ({
        id,
        public: publicPem,
        ...(not_before ? { not_before } : {}),
        ...(not_after ? { not_after } : {}),
        ...(revoked_at ? { revoked_at } : {}),
      })),
    })),
  };
}

/** An item whose stored facts give just this state. */
export function testItem(id: string, state: 'passed' | 'failed' | 'error' = 'passed'): ItemReport {
  const facts = { rows: state === 'passed' ? '40' : '0' };
  const { reason, expectations } = judgeFacts(expectation, factSchema, facts, {});
  const attempt = {
    started_at: '2026-11-25T08:28:00.000Z',
    finished_at: '2026-11-25T08:28:01.000Z',
    duration_ms: 1_000,
    artifacts: [],
  };
  const base = { id, title: `Item ${id}`, covers: [], needs: [], check: 'script', simulated: [] };
  if (state === 'error') {
    const error = { code: 'NO_DATA', message: 'no answer', hint: 'is it running?' };
    return {
      ...base,
      state,
      reason: 'no answer',
      attempts: [{ ...attempt, state, expectations: [], error }],
    };
  }
  return {
    ...base,
    state,
    ...(reason ? { reason } : {}),
    attempts: [{ ...attempt, state, facts, expectations }],
  };
}

const expectation = ['rows > 0'];
const factSchema: FactSchema = { type: 'object', properties: { rows: { type: 'string', 'x-cel': 'int' } } };

export interface RunFolderOptions {
  people: readonly TestPerson[];
  items?: readonly ItemReport[];
  /** Last word on the gate, before it is copied. */
  gate?(gate: Gate): void;
  /** By name; the content is what is stored. */
  evidence?: Record<string, string>;
  /** Last word on the predicate, before it is frozen. */
  change?(predicate: SignOff): void;
  rehearsal?: boolean;
  /** The renderings can't be made of a report that is nonsense: leave them empty. */
  lying?: boolean;
}

export interface RunFolder extends AsyncDisposable {
  folder: string;
  signers: { bytes: Buffer; parsed: Signers };
  statement: Statement;
  sign(person: TestPerson, overrides?: Partial<SignOptions>): ReturnType<typeof signReport>;
}

/** A frozen run on disk, as a runner leaves it, signed by nobody yet. */
export async function makeRunFolder(options: RunFolderOptions): Promise<RunFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'countersign-run-'));
  const folder = join(parent, '20261125-083000-abcd');
  const rehearsal = options.rehearsal ?? false;
  const parsed = testSigners(options.people, rehearsal);
  const gate = testGate(options.items ?? [testItem('smoke')]);
  options.gate?.(gate);
  const copies = {
    'gate.yml': Buffer.from(stringify(gate, { aliasDuplicateObjects: false })),
    'signers.yml': Buffer.from(stringify(parsed)),
    'environment.json': Buffer.from(`${JSON.stringify({ ...testEnvironment, rehearsal })}\n`),
  };
  await mkdir(join(folder, 'evidence'), { recursive: true });
  const files = await writeEvidence(folder, {
    ...Object.fromEntries(
      gate.items.map(({ check = 'script' }) => [factSchemaName(check), JSON.stringify(factSchema)]),
    ),
    ...(options.evidence ?? { 'log.txt': 'all is well\n' }),
  });
  const journal = await writeJournal(folder);
  const statement = freeze(options, { copies, files, journal, rehearsal });
  const report = Buffer.from(JSON.stringify(statement));
  for (const [name, bytes] of Object.entries({ ...copies, 'report.json': report }))
    await writeFile(join(folder, name), bytes);
  if (options.lying) await writeEmptyRenderings(folder);
  else await writeRendered(folder, { sha256: digest(report), statement });
  const signers = { bytes: copies['signers.yml'], parsed };
  return {
    folder,
    signers,
    statement,
    sign: (person, overrides) =>
      signReport({
        folder,
        signers,
        person: person.id,
        privateKeyPem: person.keys[0]?.privatePem ?? '',
        passphrase,
        now: new Date(SIGNED_AT),
        version: VERSION,
        recompute: (report) => recompute(folder, report),
        ...overrides,
      } as SignOptions),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  };
}

async function writeEmptyRenderings(folder: string): Promise<void> {
  for (const name of ['report.html', 'junit.xml']) await writeFile(join(folder, name), '');
}

/** The gate that a made run is of. */
export function testGate(items: readonly ItemReport[]): Gate {
  return {
    gate: 'sample',
    title: 'Sample gate',
    environment: 'staging',
    items: items.map(({ id, title, check, attest }) => ({
      id,
      title,
      ...(check ? { check, expect: expectation } : {}),
      ...(attest ? { attest: { role: attest.role, about: attest.about } } : {}),
    })),
    sign: { require: [{ role: 'release-manager' }, { role: 'engineering' }] },
  };
}

async function writeEvidence(folder: string, evidence: Record<string, string>): Promise<ArtifactRecord[]> {
  const files: ArtifactRecord[] = [];
  for (const [name, content] of Object.entries(evidence)) {
    const bytes = Buffer.from(content);
    files.push({ name, media_type: 'text/plain', sha256: digest(bytes), bytes: bytes.length });
    await writeFile(join(folder, 'evidence', digest(bytes)), bytes);
  }
  return files;
}

async function writeJournal(folder: string): Promise<SignOff['journal']> {
  const clock = { now: () => new Date(FROZEN_AT), monotonic: () => 0 };
  const journal = await Journal.create(join(folder, 'journal.jsonl'), clock);
  await journal.append('start', { run: 'sample' });
  await journal.append('finish', {});
  const { seq, hash } = journal.head;
  await journal.close();
  return { head: hash, lines: seq };
}

interface Parts {
  copies: Record<'gate.yml' | 'signers.yml' | 'environment.json', Buffer>;
  files: ArtifactRecord[];
  journal: SignOff['journal'];
  rehearsal: boolean;
}

function freeze(options: RunFolderOptions, { copies, files, journal, rehearsal }: Parts): Statement {
  const items = [...(options.items ?? [testItem('smoke')])];
  const subjects = [{ name: 'git', digest: { gitCommit: 'c'.repeat(40) } }];
  const predicate: SignOff = {
    schema: 1,
    run: {
      id: '20261125-083000-abcd',
      started_at: '2026-11-25T08:28:00.000Z',
      finished_at: FROZEN_AT,
      duration_ms: 120_000,
      tool: { name: 'countersign', version: VERSION, node: '24.19.0' },
    },
    ...decide({ items, rehearsal, relaxations: [] }),
    gate: {
      id: 'sample',
      title: 'Sample gate',
      file: 'checklists/sample.gate.yml',
      sha256: digest(copies['gate.yml']),
    },
    environment: {
      ...testEnvironment,
      rehearsal,
      sha256: digest(copies['environment.json']),
      simulators: [],
    },
    release: {
      subjects,
      git: { commit: 'c'.repeat(40), dirty: false, branch: 'main' },
      requester: 'release-bot',
      authors: [],
      notes: [],
    },
    signers: { file: 'checklists/signers.yml', sha256: digest(copies['signers.yml']), rehearsal },
    policy: {
      require: [
        { role: 'release-manager', count: 1 },
        { role: 'engineering', count: 1 },
      ],
      distinct_people: true,
      not_author: true,
    },
    validity: { not_before: FROZEN_AT, not_after: EXPIRES_AT },
    nonce: '0123456789abcdef'.repeat(2),
    items,
    relaxations: [],
    evidence: { sha256: manifestDigest(files), files, redactions: 0 },
    journal,
  };
  options.change?.(predicate);
  return {
    _type: STATEMENT_TYPE,
    subject: predicate.release.subjects,
    predicateType: SIGNOFF_TYPE,
    predicate,
  };
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

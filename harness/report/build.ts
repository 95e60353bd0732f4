import { randomBytes } from 'node:crypto';
import { parseDuration } from '../config/duration.ts';
import type { Gate } from '../gate/schema.ts';
import { decide } from '../gate/verdict.ts';
import { manifestDigest } from './manifest.ts';
import { type ArtifactRecord, SIGNOFF_TYPE, type SignOff, STATEMENT_TYPE, type Statement } from './schema.ts';

export interface ReportInput
  extends Pick<SignOff, 'run' | 'environment' | 'release' | 'signers' | 'items' | 'relaxations' | 'journal'> {
  gate: Gate;
  gateFile: string;
  gateSha256: string;
  evidence: readonly ArtifactRecord[];
  redactions: number;
  /** The report is valid from now on, for as long as the gate says. */
  now: Date;
}

const DEFAULT_VALIDITY = '24h';

/** The statement that people will sign. */
export function buildStatement(input: ReportInput): Statement {
  const { gate, environment, items, relaxations, now } = input;
  const { decision, reasons } = decide({ items, rehearsal: environment.rehearsal, relaxations });
  return {
    _type: STATEMENT_TYPE,
    subject: input.release.subjects,
    predicateType: SIGNOFF_TYPE,
    predicate: {
      schema: 1,
      run: input.run,
      decision,
      reasons,
      gate: { id: gate.gate, title: gate.title, file: input.gateFile, sha256: input.gateSha256 },
      environment,
      release: input.release,
      signers: input.signers,
      policy: {
        require: gate.sign.require.map(({ role, count = 1 }) => ({ role, count })),
        distinct_people: gate.sign.distinct_people ?? true,
        not_author: gate.sign.not_author ?? true,
      },
      validity: validityFrom(gate, now),
      nonce: randomBytes(16).toString('hex'),
      items,
      relaxations,
      evidence: {
        sha256: manifestDigest(input.evidence),
        files: [...input.evidence],
        redactions: input.redactions,
      },
      journal: input.journal,
    },
  };
}

/** From the freeze on, for as long as the gate says. */
export function validityFrom(gate: Gate, now: Date): SignOff['validity'] {
  const until = new Date(now.getTime() + parseDuration(gate.sign.valid_for ?? DEFAULT_VALIDITY));
  return { not_before: now.toISOString(), not_after: until.toISOString() };
}

/** Serialised once: these bytes are what is written, signed and verified. */
export function serialiseStatement(statement: Statement): Buffer {
  return Buffer.from(`${JSON.stringify(statement, null, 2)}\n`);
}

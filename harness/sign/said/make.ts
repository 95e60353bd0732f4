import type { Envelope } from '../dsse.ts';
import type { Signer } from '../keys.ts';
import { signStatement } from '../statement.ts';
import type { SpokenOf } from './read.ts';
import { predicateType, type Words } from './schema.ts';

/** Who speaks, when, and after which line of the journal. */
export interface Speech {
  person: string;
  at: Date;
  /** Hash of the last line of the journal. */
  after: string;
}

/** Signs what a person says about this very report, at this place of its journal. */
export function makeSaying(
  signer: Signer,
  report: SpokenOf,
  { type, ...words }: Words,
  { person, at, after }: Speech,
): Promise<Envelope> {
  return signStatement(signer, {
    subject: [{ name: 'report.json', digest: { sha256: report.sha256 } }],
    predicateType: predicateType(type),
    predicate: {
      schema: 1,
      run: report.statement.predicate.run.id,
      person,
      key: signer.keyid,
      at: at.toISOString(),
      after,
      ...words,
    },
  });
}

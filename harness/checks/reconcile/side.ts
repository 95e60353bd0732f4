import { CountersignError } from '../../errors.ts';
import type { Reading } from './compare.ts';
import type { Row } from './normalise.ts';
import type { SideLabel } from './options.ts';

/** A side that can be read again and again, each time from its first row. */
export interface Side {
  label: SideLabel;
  name: string;
  kind: 'sql' | 'api';
  /** Query or API as it was asked, without header values: what the digest in the facts is over. */
  definition: unknown;
  /** How the rows of one reading hang together, for readers. */
  snapshot(): string;
  requests(): number;
  read(signal: AbortSignal): AsyncIterable<Row[]>;
  /** Where the sums can be made by the database that holds the rows. */
  database?: DatabaseSide;
}

export interface DatabaseSide {
  /** What the server makes of a few hashes; the same on two sides whose fingerprints can be compared. */
  probe: string;
  read(kept: ReadonlySet<number>, maxRows: number, signal: AbortSignal): Promise<Reading>;
}

/** Rows that only the exact reading in this process may judge: it names what is wrong with them. */
export class IrregularRows extends Error {}

export function tooManyRows(name: string, maxRows: number): CountersignError {
  return new CountersignError('EVIDENCE_TOO_LARGE', `${name}: more than ${maxRows} rows to hold in memory`, {
    hint: 'narrow the window, or raise `max_rows` if the machine has the memory; a part of the rows is no answer',
  });
}

import { CountersignError } from '../../errors.ts';
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
}

export function tooManyRows(name: string, maxRows: number): CountersignError {
  return new CountersignError('EVIDENCE_TOO_LARGE', `${name}: more than ${maxRows} rows to hold in memory`, {
    hint: 'narrow the window, or raise `max_rows` if the machine has the memory; a part of the rows is no answer',
  });
}

import type { Path } from '../config/yaml.ts';
import type { Place } from '../errors.ts';
import type { SyntheticCheck } from './check-schema.ts';
import type { ProbeType } from './criteria-schema.ts';
import type { SyntheticsFile } from './schema.ts';

/** What every check has once it is loaded, whatever the file left out. Durations are text, as in the file. */
interface Filled {
  active: boolean;
  tags: string[];
  labels: Record<string, string>;
  interval: string;
  timeout: string;
  failure_threshold: number;
  depends_on: string[];
  maintenance: string[];
}

type WithDefaults<C> = C extends { type?: infer T }
  ? Omit<C, keyof Filled | 'type'> & Filled & { type: Extract<T, ProbeType> }
  : never;

/** One check as the file says it, defaults filled in; strings may still hold `${…}`. */
export type Check = WithDefaults<SyntheticCheck>;
export type CheckOf<T extends ProbeType> = Extract<Check, { type: T }>;

/** A file of checks that is whole: every schema holds, names are unique. */
export interface Definition extends Omit<SyntheticsFile, 'checks'> {
  /** As the user wrote it, for messages. */
  readonly file: string;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
  readonly checks: readonly Check[];
  /** Where the value at a path stands, or a character of its text. */
  place(path: Path, offset?: number): Place;
  /** Place of a key, for messages about the key itself. */
  keyPlace(path: Path): Place;
}

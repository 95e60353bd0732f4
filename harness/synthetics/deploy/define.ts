import type { JsonObject } from '../../checks/json.ts';
import type { Exportable, ExportOptions, Loss } from '../export/define.ts';

/** One check as the service is to hold it. */
export interface Wanted {
  /** Name of the check in the file. */
  check: string;
  /** What it is found by: `<id>/<environment>/<check>`; the service keeps it as a tag. */
  marker: string;
  /** What the API takes, marker included. */
  payload: JsonObject;
}

/** A test that the service holds and that is ours by its marker. */
export interface Found {
  /** Of the service. */
  id: string;
  marker: string;
  /** As the API gave it. */
  payload: JsonObject;
}

export interface Translated {
  wanted: Wanted[];
  losses: Loss[];
}

export interface Marking {
  /** Of the file, so that two files can be deployed to one account. */
  id: string;
  environment: string;
}

/** What is asked of a service, over one connection. Each call retries within bounds and throws CountersignError. */
export interface Connection {
  /** Every test with a marker of this file and environment, page after page; tests of others are not among them. */
  list(): Promise<Found[]>;
  /** Throws before anything is changed where the service lacks what the tests name, such as a secret. */
  prepare?(wanted: readonly Wanted[]): Promise<void>;
  create(wanted: Wanted): Promise<void>;
  update(found: Found, wanted: Wanted): Promise<void>;
  remove(found: Found): Promise<void>;
  /** Waits, within bounds, until what was created is found by `list`; gives the markers that are not. */
  settled?(markers: readonly string[]): Promise<string[]>;
}

/** What a connection needs around it. */
export interface Surroundings {
  /** Where credentials are read from, and nowhere else. */
  env: Readonly<Record<string, string | undefined>>;
  /** Instead of the service's own address. */
  apiUrl?: string | undefined;
  signal: AbortSignal;
  /** Waits between tries; rejects once the signal is aborted. */
  pause(milliseconds: number): Promise<void>;
}

/** A service that tests are deployed to. */
export interface Service {
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  /** Names of the environment variables without which it can't be asked. */
  readonly credentials: readonly string[];
  translate(definition: Exportable, options: ExportOptions, marking: Marking): Translated;
  /** The parts that the file decides, in one form: two equal forms mean the same test. */
  comparable(payload: JsonObject): JsonObject;
  /** The field of that form that a test keeps for life: another one means another test. */
  readonly fixed: string;
  connect(surroundings: Surroundings, marking: Marking): Connection;
}

export interface FieldChange {
  /** Path in the test: `options.tick_every`. */
  field: string;
  /** Absent: there was nothing. */
  from?: unknown;
  /** Absent: there will be nothing. */
  to?: unknown;
}

export type Difference =
  | { kind: 'create'; check: string; wanted: Wanted }
  | { kind: 'update'; check: string; wanted: Wanted; found: Found; changes: FieldChange[]; replace: boolean }
  /** Ours, but in the file no more, or there twice. */
  | { kind: 'delete'; check: string; found: Found };

export interface Plan {
  differences: Difference[];
  unchanged: string[];
}

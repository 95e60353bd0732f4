import type { Problem } from '../errors.ts';
import type { Sources } from '../sources/define.ts';
import type { ToolName } from '../tools/define.ts';
import { type Static, type TObject, type TSchema, Type } from '../type.ts';

/** What a check does to the world. One that `writes` is never run twice for one item. */
export type Effects = 'none' | 'reads' | 'writes';

/** Wall time for people, monotonic milliseconds for durations. Passed in everywhere, so that tests own time. */
export interface Clock {
  now(): Date;
  monotonic(): number;
}

/** A file of evidence, as it is stored: content-addressed, already redacted. */
export interface Artifact {
  name: string;
  mediaType: string;
  /** `sha256` of the stored bytes, hex. */
  sha256: string;
  bytes: number;
  /** Reads the stored copy back: what a check judges must be what is kept. */
  text(): Promise<string>;
}

export type ArtifactContent = string | Uint8Array | AsyncIterable<string | Uint8Array>;

export interface EnvironmentView {
  name: string;
  rehearsal: boolean;
  /** May checks with `effects: writes` run here? */
  writes: boolean;
  /** Is it a stack that this machine starts? */
  local?: boolean;
  /** How much faster the clocks of the local stack run; missing where nothing was compressed. */
  rehearse?: number;
  /** IANA zone in which people of this environment read times. */
  zone: string;
  vars: Readonly<Record<string, string>>;
  /** Names of third parties that are simulated here. */
  simulators: readonly string[];
  /** What smoke tests get here; strings may hold templates. */
  smoke?: SmokeView;
}

export interface SmokeView {
  config?: string;
  projects?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** Everything a check may touch. Nothing else: no `process`, no clock of its own, no global state. */
export interface CheckContext {
  readonly gate: string;
  readonly item: string;
  readonly runId: string;
  readonly attempt: number;
  readonly environment: EnvironmentView;
  /** Clients for what the environment declares, made on first use and closed with the run. */
  readonly sources: Sources;
  /** Aborted on time-out, on Ctrl-C and when the gate's deadline passes. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Facts of the items that this item needs, by item id. */
  readonly needs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Folder of the project: relative paths in options start here. */
  readonly root: string;
  /** Absolute path of a project file; throws PATH_ESCAPES if it leaves the project or passes through a link. */
  resolve(path: string): string;
  /** Path of an external program; throws TOOL_MISSING with how to get it. */
  tool(name: ToolName): Promise<string>;
  /** Keeps content as evidence: redacted first, then hashed. */
  artifact(name: string, content: ArtifactContent, mediaType?: string): Promise<Artifact>;
  /** Value of a secret of the environment; from then on it is redacted everywhere. */
  secret(name: string): Promise<string>;
  redact(text: string): string;
  log(message: string): void;
  /** A short phrase beside the item in the live display: `page 3 of 12`. */
  progress(message: string): void;
}

/** For findings that a schema can't express. `path` leads from `with` to the option the finding is about. */
export interface LintContext {
  root: string;
  environment: EnvironmentView | undefined;
  report(path: readonly (string | number)[], message: string, hint?: string): void;
}

export interface CheckKind<O extends TObject = TObject, F extends TObject = TObject> {
  readonly kind: string;
  /** One line, in the imperative, for `countersign checks list`. */
  readonly summary: string;
  readonly options: O;
  readonly facts: F;
  /** CEL expressions that stand when the checklist gives none. */
  readonly expect: readonly string[];
  readonly effects: Effects;
  /** Who really answers: in a rehearsal what the calendar would say is measured, and the item reads `rehearsed`. */
  readonly answers?: 'calendar';
  readonly tools?: readonly ToolName[];
  lint?(options: Static<O>, context: LintContext): void | Promise<void>;
  measure(options: Static<O>, context: CheckContext): Promise<{ facts: Static<F> }>;
}

/** Declares a kind of check: a check measures, expectations judge. */
export function defineCheck<O extends TObject, F extends TObject>(kind: CheckKind<O, F>): CheckKind<O, F> {
  return kind;
}

/** An integer of any size: a decimal string in JSON, an `int` in expectations. Money is always this. */
export function BigInteger(options: { description?: string } = {}) {
  return Type.String({ pattern: '^-?(0|[1-9][0-9]*)$', 'x-cel': 'int', ...options });
}

/** An RFC 3339 instant in UTC: a string in JSON, a `timestamp` in expectations. */
export function Instant(options: { description?: string } = {}) {
  return Type.String({ format: 'date-time', 'x-cel': 'timestamp', ...options });
}

/** Text such as `30s`, `15m`, `2h`, `1d`. */
export function DurationText(options: { description?: string; default?: string } = {}) {
  return Type.String({ pattern: '^([0-9]+(ms|s|m|h|d))+$', ...options });
}

/** JSON of a shape that only the thing measured knows: `dyn` in expectations. */
export function Anything(options: { description?: string } = {}) {
  return Type.Unknown({ 'x-cel': 'dyn', ...options });
}

/** Options refuse what they do not know: a misspelt option must not be ignored in silence. */
export function Options<P extends Record<string, TSchema>>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

export type { Problem };

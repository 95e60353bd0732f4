import type { Path } from '../../config/yaml.ts';
import type { Check, Definition } from '../definition.ts';
import type { EnvironmentOverrides } from '../schema.ts';

/** What an environment of the project declares: names only, nothing is read. */
export interface KnownEnvironment {
  vars: readonly string[];
  secrets: readonly string[];
}

/** One environment in which the checks are probed, as far as it is known before anything runs. */
export interface Scope {
  /** Absent when the file is used without one. */
  name?: string;
  overrides: EnvironmentOverrides;
  vars: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  /** Those that are probed here, overrides applied, each with its place in the file. */
  checks: readonly Placed[];
}

export interface Placed {
  check: Check;
  index: number;
}

export interface Subject {
  definition: Definition;
  scopes: readonly Scope[];
  /** Folder of the project, for files that checks name. */
  root: string;
}

export interface Finding {
  path: Path;
  message: string;
  hint?: string;
  /** Is it about the key, not about the value? */
  key?: boolean;
  /** Where in the text of the value. */
  offset?: number;
}

export type LintRule = (subject: Subject, report: (finding: Finding) => void) => void;

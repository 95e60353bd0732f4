import type { Check, Definition } from '../definition.ts';
import type { SyntheticsFile } from '../schema.ts';

/** Something that the other side can't say, or says otherwise. Nothing else may differ. */
export interface Loss {
  /** Name of the check; `*` for what stands outside of the checks. */
  check: string;
  /** Where it stands in the file that was read: `interval`, `success_criteria.2.body_contains`. */
  field: string;
  /** What stood there. */
  said: string;
  /** What was written in its place; absent where it was left out. */
  became?: string;
  why: string;
}

export interface ExportedFile {
  /** Relative to the folder of the export. */
  path: string;
  text: string;
}

export interface Exported {
  files: ExportedFile[];
  losses: Loss[];
}

/**
 * What is exported: a file as it is in one environment, by `resolveFor`. Of templates only `${secret.NAME}` and
 * `${capture.NAME}` are left.
 */
export interface Exportable extends Pick<Definition, 'alerting' | 'maintenance'> {
  readonly checks: readonly Check[];
}

export interface ExportOptions {
  /** Name of the environment that was resolved for. */
  environment?: string | undefined;
  /** By name of the target's `settings`; what is not given is the default there. */
  settings: Readonly<Record<string, string>>;
}

export interface Setting {
  summary: string;
  default?: string;
  /** Values that will do; text of any kind where absent. */
  pattern?: RegExp;
}

/** A format of others that a file of checks can be written in. Pure: the same definition, the same bytes. */
export interface ExportTarget {
  readonly name: string;
  /** What `--set NAME=VALUE` may give. */
  readonly settings: Readonly<Record<string, Setting>>;
  export(definition: Exportable, options: ExportOptions): Exported;
}

export interface ImportedText {
  /** As the user named it, for messages. */
  file: string;
  text: string;
}

export interface Imported {
  definition: SyntheticsFile;
  losses: Loss[];
}

/** A format of others that checks can be read from. What is not that format throws CONFIG_INVALID with its place. */
export interface Importer {
  readonly name: string;
  import(texts: readonly ImportedText[]): Imported;
}

/** Losses of what stands outside of the checks carry this in place of a name. */
export const wholeFile = '*';

/** What a target was set to, or its default. */
export function settingOf(target: ExportTarget, options: ExportOptions, name: string): string {
  return options.settings[name] ?? target.settings[name]?.default ?? '';
}

import type { Problem } from '../../errors.ts';
import type { Definition } from '../definition.ts';
import { inEnvironment } from '../resolve.ts';
import type { Finding, KnownEnvironment, LintRule, Scope, Subject } from './define.ts';
import { lintExpectations } from './expectations.ts';
import { lintFiles } from './files.ts';
import { lintNames } from './names.ts';
import { lintReferences } from './references.ts';
import { lintRequests } from './requests.ts';
import { lintSecrets } from './secrets.ts';
import { lintThresholds } from './thresholds.ts';
import { lintTimings } from './timings.ts';

export interface LintOptions {
  root: string;
  /** Environments of the project, by name. */
  environments: Readonly<Record<string, KnownEnvironment>>;
}

const rules: readonly LintRule[] = [
  lintNames,
  lintReferences,
  lintRequests,
  lintTimings,
  lintThresholds,
  lintExpectations,
  lintSecrets,
  lintFiles,
];

/** Everything about a file that is well-formed and yet would not do what it says, in the order of the file. */
export function lintSynthetics(definition: Definition, options: LintOptions): Problem[] {
  const subject: Subject = { definition, root: options.root, scopes: scopesOf(definition, options) };
  const found = new Map<string, Problem>();
  for (const rule of rules) {
    rule(subject, (finding) => {
      const problem = asProblem(definition, finding);
      const { line, column } = problem.where;
      found.set(`${line}:${column}:${problem.message}`, problem);
    });
  }
  return [...found.values()].sort(
    (a, b) => (a.where.line ?? 0) - (b.where.line ?? 0) || (a.where.column ?? 0) - (b.where.column ?? 0),
  );
}

function asProblem(definition: Definition, { path, message, hint, key, offset }: Finding): Problem {
  const where = key ? definition.keyPlace(path) : definition.place(path, offset);
  return { code: 'CONFIG_INVALID', message, where, ...(hint ? { hint } : {}) };
}

function scopesOf(definition: Definition, { environments }: LintOptions): Scope[] {
  const own = definition.environments ?? {};
  const names = Object.keys(own);
  const known = (name: string) => (Object.hasOwn(environments, name) ? environments[name] : undefined);
  const scope = (name: string | undefined): Scope => {
    const overrides = (name === undefined ? undefined : own[name]) ?? {};
    const project = name === undefined ? undefined : known(name);
    return {
      ...(name === undefined ? {} : { name }),
      overrides,
      vars: new Set([...(project?.vars ?? []), ...Object.keys(overrides.vars ?? {})]),
      secrets: new Set([...(project?.secrets ?? []), ...Object.keys(overrides.secrets ?? {})]),
      checks: inEnvironment(definition, name),
    };
  };
  return names.length > 0 ? names.map(scope) : [scope(undefined)];
}

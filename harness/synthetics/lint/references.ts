import { nearest } from '../../config/validate.ts';
import type { Path } from '../../config/yaml.ts';
import type { Check } from '../definition.ts';
import { walkTemplates } from '../templates.ts';
import type { Finding, LintRule, Scope } from './define.ts';

type Report = (finding: Finding) => void;

const neverClosed = { message: '`${` is never closed', hint: 'write $${ for a plain ${' };

/** Every `${…}` must mean something in each environment in which its check is probed. */
export const lintReferences: LintRule = ({ definition, scopes }, report) => {
  for (const scope of scopes) {
    for (const { check, index } of scope.checks) lintCheck(check, index, scope, report);
    if (scope.name !== undefined) lintOverrides(scope, report);
  }
  for (const [index, { secret }] of (definition.alerting?.channels ?? []).entries()) {
    if (secret === undefined || scopes.some(({ secrets }) => secrets.has(secret))) continue;
    report({
      path: ['alerting', 'channels', index, 'secret'],
      message: `no environment declares the secret \`${secret}\``,
      hint: 'declare where it comes from under `secrets` of an environment',
    });
  }
};

function lintCheck(check: Check, index: number, scope: Scope, report: Report): void {
  walkTemplates(check, ['checks', index], (name, path, offset) => {
    if (name === undefined) return report({ path, offset, ...neverClosed });
    const problem = problemOf(name, scope, () => capturesBefore(check, path));
    if (!problem) return;
    const where = scope.name === undefined ? '' : ` in the environment \`${scope.name}\``;
    report({ path, offset, message: `\${${name}} is not known${where}`, hint: problem });
  });
}

/** A hint, when there is no such thing. */
function problemOf(name: string, scope: Scope, captures: () => ReadonlySet<string>): string | undefined {
  const [space, rest = ''] = name.split(/\.(.*)/s);
  if (name === 'BASE_URL' || name === 'WS_BASE_URL') {
    return scope.overrides.base_url === undefined ? 'give the environment a `base_url`' : undefined;
  }
  const names =
    space === 'capture'
      ? captures()
      : space === 'vars'
        ? scope.vars
        : space === 'secret'
          ? scope.secrets
          : null;
  if (names?.has(rest)) return undefined;
  if (!names)
    return 'references are ${BASE_URL}, ${WS_BASE_URL}, ${vars.NAME}, ${secret.NAME} and ${capture.NAME}; write $${ for a plain ${';
  const near = nearest(rest, [...names]);
  if (near) return `did you mean \`\${${space}.${near}}\`?`;
  return space === 'capture'
    ? 'an earlier step captures it under `capture`'
    : `declare it under \`${space === 'vars' ? 'vars' : 'secrets'}\` of the environment, here or in checklists/environments.yml`;
}

/** What is captured before the text at a path is filled in. */
function capturesBefore(check: Check, [, , field, position]: Path): Set<string> {
  const parts = partsOf(check);
  const before =
    field === 'success_criteria'
      ? parts.length
      : field === 'steps'
        ? 1 + Number(position)
        : field === 'conversation'
          ? Number(position)
          : 0;
  return new Set(parts.slice(0, before).flatMap(({ capture }) => Object.keys(capture ?? {})));
}

/** What is asked or said, in order. */
function partsOf(check: Check): readonly { capture?: Record<string, string> }[] {
  if (check.type === 'http') return [check, ...(check.steps ?? [])];
  return check.type === 'websocket' ? ((check.conversation ?? []) as object[]) : [];
}

function lintOverrides({ name = '', overrides, vars }: Scope, report: Report): void {
  const lint = (value: unknown, path: Path) =>
    walkTemplates(value, path, (reference, at, offset) => {
      if (reference === undefined) return report({ path: at, offset, ...neverClosed });
      const [space, rest = ''] = reference.split(/\.(.*)/s);
      if (space === 'env' || (space === 'vars' && vars.has(rest))) return;
      report({
        path: at,
        offset,
        message: `\${${reference}} is not known in the environment \`${name}\``,
        hint: `here stand \${env.NAME} and ${[...vars].map((each) => `\${vars.${each}}`).join(', ') || 'variables'}`,
      });
    });
  lint(overrides.base_url, ['environments', name, 'base_url']);
  for (const each of Object.keys(overrides.vars ?? {})) {
    lint(overrides.vars?.[each], ['environments', name, 'vars', each]);
  }
}

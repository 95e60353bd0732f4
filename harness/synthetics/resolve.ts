import { nearest } from '../config/nearest.ts';
import type { ResolvedEnvironment } from '../config/resolve.ts';
import { referencesIn } from '../config/resolve.ts';
import { Secrets } from '../config/secrets.ts';
import type { Path } from '../config/yaml.ts';
import { CountersignError } from '../errors.ts';
import type { Check, Definition } from './definition.ts';
import type { EnvironmentOverrides } from './schema.ts';
import { fillTemplates } from './templates.ts';

export interface Surroundings {
  /** Folder in which files and commands of secrets start. */
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The environment of that name in checklists/environments.yml, where there is one. */
  project?: Pick<ResolvedEnvironment, 'view' | 'secret'> | undefined;
  /** Gets every secret value before anyone else, so that it can be redacted. */
  onSecret(value: string): void;
}

export interface ResolvedSynthetics {
  /** Name of the environment; absent when the file is used without one. */
  readonly environment?: string;
  /**
   * Those of this environment, overrides applied, `${BASE_URL}`, `${WS_BASE_URL}` and `${vars.NAME}` filled in. `${secret.NAME}` and `${capture.NAME}` stand
   * as they are: whoever sends them fills them in, whoever writes them somewhere must not.
   */
  readonly checks: readonly Check[];
  /** What `${BASE_URL}` stands for. */
  readonly baseUrl?: string;
  /** What stands for `BASE_URL`, `WS_BASE_URL`, `vars.NAME` or `secret.NAME`; a secret is told to `onSecret` first. */
  value(name: string): Promise<string>;
}

/** The checks of a file as they run in one environment. */
export async function resolveFor(
  definition: Definition,
  environment: string | undefined,
  around: Surroundings,
): Promise<ResolvedSynthetics> {
  const overrides = overridesOf(definition, environment, around);
  const vars = varsOf(overrides, around);
  const baseUrl =
    overrides.base_url === undefined ? undefined : fillOwn(overrides.base_url, vars, around.env);
  const values = new Map(Object.entries(vars).map(([name, value]) => [`vars.${name}`, value]));
  if (baseUrl !== undefined) {
    const base = baseUrl.replace(/\/+$/, '');
    values.set('BASE_URL', base).set('WS_BASE_URL', base.replace(/^http/i, 'ws'));
  }
  const secrets = new Secrets(overrides.secrets ?? {}, {
    root: around.root,
    env: around.env,
    given: {},
    onSecret: around.onSecret,
    text: async (template) => fillOwn(template, vars, around.env),
  });
  await secrets.learn();
  return {
    ...(environment === undefined ? {} : { environment }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    checks: inEnvironment(definition, environment).map(({ check, index }) =>
      filled(check, index, values, definition),
    ),
    value: async (path) => {
      const known = values.get(path);
      if (known !== undefined) return known;
      if (!path.startsWith('secret.')) throw unknownReference(path, [], values, definition);
      const name = path.slice('secret.'.length);
      return secretOf(name, secrets, around);
    },
  };
}

/** The file's own before the project's, which stands in where that can't be read. */
async function secretOf(name: string, secrets: Secrets, { project }: Surroundings): Promise<string> {
  if (!project) return secrets.value(name);
  if (!secrets.has(name)) return project.secret(name);
  return secrets.value(name).catch((missing: unknown) =>
    project.secret(name).catch(() => {
      throw missing;
    }),
  );
}

function overridesOf(
  { environments = {}, file, place }: Definition,
  name: string | undefined,
  { project }: Surroundings,
): EnvironmentOverrides {
  if (name === undefined) return {};
  const own = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (own || project) return own ?? {};
  throw new CountersignError('UNKNOWN_ENVIRONMENT', `\`${file}\` has no environment \`${name}\``, {
    where: place(['environments']),
    hint: `known there: ${Object.keys(environments).join(', ') || 'none'}`,
  });
}

function varsOf({ vars = {} }: EnvironmentOverrides, { project, env }: Surroundings): Record<string, string> {
  const known: Record<string, string> = { ...project?.view.vars };
  for (const [name, template] of Object.entries(vars)) known[name] = fillOwn(template, known, env);
  return known;
}

/** Fills in `${env.NAME}` and `${vars.NAME}`. */
function fillOwn(template: string, vars: Readonly<Record<string, string>>, env: Surroundings['env']): string {
  let text = template;
  for (const reference of referencesIn(template)) {
    const [space, name = ''] = reference.split(/\.(.*)/s);
    const value =
      space === 'env' ? env[name] : space === 'vars' && Object.hasOwn(vars, name) ? vars[name] : undefined;
    if (value === undefined) {
      throw new CountersignError('CONFIG_INVALID', `\${${reference}} is not known`, {
        hint: space === 'env' ? `set the variable ${name}` : `known here: ${knownNames(vars)}`,
      });
    }
    text = text.replaceAll(`\${${reference}}`, () => value);
  }
  return text;
}

const knownNames = (vars: object) =>
  ['env.NAME', ...Object.keys(vars).map((name) => `vars.${name}`)].join(', ');

/** Those that are probed in an environment, each with its place in the file; overrides are applied. */
export function inEnvironment(
  { checks, environments = {} }: Definition,
  name: string | undefined,
): { check: Check; index: number }[] {
  const overrides = name !== undefined && Object.hasOwn(environments, name) ? environments[name] : undefined;
  return checks.flatMap((check, index) => {
    if (name !== undefined && check.environments?.includes(name) === false) return [];
    return [{ check: overridden(check, overrides ?? {}, name), index }];
  });
}

function overridden(check: Check, overrides: EnvironmentOverrides, environment: string | undefined): Check {
  const { interval_override: interval, failure_threshold_override: threshold, locations } = overrides;
  return {
    ...check,
    ...(interval === undefined ? {} : { interval }),
    ...(threshold === undefined ? {} : { failure_threshold: threshold }),
    ...(locations === undefined ? {} : { locations }),
    ...(environment !== undefined && 'environment' in check.labels
      ? { labels: { ...check.labels, environment } }
      : {}),
  };
}

function filled(
  check: Check,
  index: number,
  values: ReadonlyMap<string, string>,
  definition: Definition,
): Check {
  return fillTemplates(check, ['checks', index], (name, path, whole) => {
    if (name.startsWith('secret.') || name.startsWith('capture.')) return whole;
    const known = values.get(name);
    // What a value holds is no template: nothing reads it a second time.
    if (known !== undefined) return known.replaceAll('${', '$${');
    throw unknownReference(name, path, values, definition);
  }) as Check;
}

function unknownReference(
  name: string,
  path: Path,
  values: ReadonlyMap<string, string>,
  definition: Definition,
): CountersignError {
  const known = [...values.keys()];
  const near = nearest(name, known);
  return new CountersignError('CONFIG_INVALID', `\${${name}} is not known`, {
    where: definition.place(path),
    hint: near
      ? `did you mean \`\${${near}}\`?`
      : name === 'BASE_URL'
        ? 'give the environment a `base_url`, and choose it with --env'
        : `known here: ${known.join(', ') || 'nothing; choose an environment with --env'}`,
  });
}

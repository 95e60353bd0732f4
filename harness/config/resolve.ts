import type { EnvironmentView } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import type { Environment, SourceConfig } from './environments.ts';
import { Secrets } from './secrets.ts';

/** What a running local stack adds to its environment. Values of `secrets` are never printed. */
export interface StackValues {
  /** The stack's own folder: `${dir}`. */
  dir: string;
  /** `${port.NAME}` */
  ports: Readonly<Record<string, number>>;
  /** Secrets that the stack made: those declared with `generate`, and DATABASE_URL. */
  secrets: Readonly<Record<string, string>>;
}

export interface ResolveOptions {
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  stackState?: StackValues | undefined;
  /** Gets every secret value before anyone else, so that it can be redacted. */
  onSecret(value: string): void;
}

export interface ResolvedEnvironment {
  readonly name: string;
  readonly environment: Environment;
  /** What a check sees; `vars` are resolved. */
  readonly view: EnvironmentView;
  /** As declared: strings may still hold `${…}`; give them to `text`. */
  readonly sources: Readonly<Record<string, SourceConfig>>;
  /** Replaces `${port.NAME}`, `${secret.NAME}`, `${vars.NAME}` and `${dir}`. */
  text(template: string): Promise<string>;
  secret(name: string): Promise<string>;
  /** A source with every string resolved. */
  source(name: string): Promise<SourceConfig>;
}

const reference = /\$\{([^}]*)\}/g;

export async function resolveEnvironment(
  environment: Environment,
  options: ResolveOptions,
): Promise<ResolvedEnvironment> {
  const { stackState } = options;
  const text = (template: string) => fill(template, (path) => lookUp(path));
  const secrets = new Secrets(environment.secrets ?? {}, {
    ...options,
    given: stackState?.secrets ?? {},
    text,
  });
  const vars: Record<string, string> = {};

  async function lookUp(path: string): Promise<string> {
    const [space = '', ...rest] = path.split('.');
    const name = rest.join('.');
    if (path === 'dir') return needStack(environment, stackState, path).dir;
    if (space === 'port') return port(environment, needStack(environment, stackState, path), name);
    if (space === 'vars' && Object.hasOwn(vars, name)) return vars[name] ?? '';
    if (space === 'secret' && secrets.has(name)) return secrets.value(name);
    throw unknown(environment, path);
  }

  for (const [name, template] of Object.entries(environment.vars ?? {})) {
    if (template.includes('${secret.')) {
      throw new CountersignError(
        'CONFIG_INVALID',
        `the variable \`${name}\` of \`${environment.name}\` holds a secret`,
        {
          hint: 'variables are shown in reports; name the secret where it is used instead',
        },
      );
    }
    vars[name] = await text(template);
  }

  refusePasswords(environment);
  await secrets.learn();
  return {
    name: environment.name,
    environment,
    view: viewOf(environment, vars),
    sources: environment.sources ?? {},
    text,
    secret: (name) =>
      secrets.has(name) ? secrets.value(name) : Promise.reject(unknown(environment, `secret.${name}`)),
    source: (name) => resolveSource(environment, name, text),
  };
}

/** The declaration of an environment is kept with every report, as it stands. */
function refusePasswords({ name, sources = {} }: Environment): void {
  for (const [source, declared] of Object.entries(sources)) {
    const url = 'url' in declared ? declared.url : '';
    const [, password] = /^[a-z]+:\/\/[^/@:]*:([^/@]+)@/i.exec(url) ?? [];
    if (password === undefined || password.includes('${secret.')) continue;
    throw new CountersignError(
      'CONFIG_INVALID',
      `the URL of the source \`${source}\` of \`${name}\` holds a password`,
      {
        hint: 'reports keep the URL: declare a secret and write ${secret.NAME} in its place',
      },
    );
  }
}

export function viewOf(environment: Environment, vars = environment.vars ?? {}): EnvironmentView {
  const sources = Object.entries(environment.sources ?? {});
  return {
    name: environment.name,
    rehearsal: environment.rehearsal,
    local: environment.stack !== undefined,
    writes: environment.writes ?? false,
    zone: environment.zone ?? 'UTC',
    vars,
    simulators: sources
      .filter(([, source]) => 'simulated' in source && source.simulated)
      .map(([name]) => name),
    ...(environment.smoke ? { smoke: environment.smoke } : {}),
  };
}

/** Names in `${…}` of a text, in order: `port.api`, `secret.TOKEN`, `dir`. */
export function referencesIn(template: string): string[] {
  return [...template.matchAll(reference)].map((match) => match[1] ?? '');
}

async function fill(template: string, lookUp: (path: string) => Promise<string>): Promise<string> {
  let filled = '';
  let end = 0;
  for (const match of template.matchAll(reference)) {
    filled += template.slice(end, match.index) + (await lookUp(match[1] ?? ''));
    end = match.index + match[0].length;
  }
  return filled + template.slice(end);
}

async function resolveSource(
  environment: Environment,
  name: string,
  text: (template: string) => Promise<string>,
): Promise<SourceConfig> {
  const source = environment.sources?.[name];
  if (!source || !Object.hasOwn(environment.sources ?? {}, name)) {
    throw new CountersignError(
      'UNKNOWN_SOURCE',
      `the environment \`${environment.name}\` has no source \`${name}\``,
    );
  }
  const entries = Object.entries(source).map(async ([key, value]) => [key, await resolveValue(value, text)]);
  return Object.fromEntries(await Promise.all(entries)) as SourceConfig;
}

async function resolveValue(value: unknown, text: (template: string) => Promise<string>): Promise<unknown> {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await text(String(inner))]);
  return Object.fromEntries(await Promise.all(entries));
}

function needStack(environment: Environment, stack: StackValues | undefined, path: string): StackValues {
  if (stack) return stack;
  throw new CountersignError(
    'SOURCE_UNREACHABLE',
    `\${${path}} needs the local stack of \`${environment.name}\`, which is not running`,
    { hint: `\`countersign stack up --env ${environment.name}\` starts it` },
  );
}

function port(environment: Environment, stack: StackValues, name: string): string {
  const found = Object.hasOwn(stack.ports, name) ? stack.ports[name] : undefined;
  if (found === undefined) throw unknown(environment, `port.${name}`);
  return String(found);
}

function unknown(environment: Environment, path: string): CountersignError {
  return new CountersignError(
    'CONFIG_INVALID',
    `\${${path}} is not known in the environment \`${environment.name}\``,
    {
      hint: 'references are ${port.NAME}, ${secret.NAME}, ${vars.NAME} and ${dir}; secrets and vars are declared in the environment, ports by the services of its stack',
    },
  );
}

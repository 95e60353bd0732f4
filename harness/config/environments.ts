import { DurationText, Options } from '../checks/define.ts';
import { type Static, Type } from '../type.ts';
import { NotifySchema } from './notify-targets.ts';

/**
 * Strings in an environment may hold `${port.NAME}` (a free port of the local stack), `${secret.NAME}`,
 * `${vars.NAME}` and `${dir}` (the stack's own folder). A secret's value never leaves memory unredacted.
 */
const Text = Type.String({ minLength: 1 });
const Env = Type.Record(Type.String(), Text);

const renew = Type.Optional(
  DurationText({ description: 'it is read again once it is so old, as a token that expires has to be' }),
);

export const SecretSchema = Type.Union(
  [
    Options({ env: Type.String({ description: 'name of an environment variable of the harness' }) }),
    Options({ file: Type.String({ description: 'path of a file that holds nothing else' }), renew }),
    Options({
      command: Type.Array(Type.String(), {
        minItems: 1,
        description: 'prints the secret; a list, never a shell line; `node` is the one that runs countersign',
      }),
      env: Type.Optional(Env),
      renew,
    }),
    Options({
      generate: Type.Integer({
        minimum: 16,
        maximum: 64,
        description: 'random bytes, as hex; local stack only',
      }),
    }),
  ],
  { description: 'where the value comes from; the value itself never stands in a file of the repo' },
);

const simulated = Type.Optional(
  Type.Boolean({ description: 'a stand-in for a third party; every report that used it says so' }),
);

export const SourceSchema = Type.Union([
  Options({
    kind: Type.Literal('http'),
    url: Text,
    headers: Type.Optional(Env),
    simulated,
  }),
  Options({ kind: Type.Literal('postgres'), url: Text, simulated }),
  Options({ kind: Type.Literal('prometheus'), url: Text, headers: Type.Optional(Env) }),
  Options({ kind: Type.Literal('alertmanager'), url: Text, headers: Type.Optional(Env) }),
  Options({
    kind: Type.Literal('logfile'),
    path: Text,
    time: Type.Optional(Type.String({ description: "JSON field that holds a line's time; default `time`" })),
  }),
  Options({ kind: Type.Literal('loki'), url: Text, query: Type.Optional(Text), headers: Type.Optional(Env) }),
]);

export const ReadySchema = Type.Union([
  Options({ http: Type.String({ description: 'URL that must answer 2xx' }) }),
  Options({ port: Type.String({ description: 'name of a port that must accept connections' }) }),
  Options({ exit: Type.Literal(0, { description: 'a task: done when it has ended with 0' }) }),
]);

export const ServiceSchema = Options({
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
  command: Type.Array(Type.String(), {
    minItems: 1,
    description: '`node` means the Node that runs countersign',
  }),
  env: Type.Optional(Env),
  needs: Type.Optional(
    Type.Array(Type.String(), {
      description: 'services, or `postgres`, `prometheus`, …, that must be ready first',
    }),
  ),
  ready: ReadySchema,
  within: Type.Optional(DurationText({ description: 'time to become ready; default 30s' })),
});

export const StackSchema = Options({
  postgres: Type.Optional(Options({ database: Type.String() })),
  prometheus: Type.Optional(
    Options({
      rules: Type.Array(Type.String(), { description: 'globs of rule files' }),
      scrape: Type.Array(
        Options({ job: Type.String(), target: Type.String(), path: Type.Optional(Type.String()) }),
        { minItems: 1 },
      ),
      interval: Type.Optional(DurationText({ description: 'scrape and evaluation interval; default 1s' })),
    }),
  ),
  alertmanager: Type.Optional(Options({ config: Type.String() })),
  pager: Type.Optional(Options({})),
  services: Type.Array(ServiceSchema),
});

export const SmokeSchema = Options({
  config: Type.Optional(
    Type.String({ description: "configuration of Playwright; default Playwright's own" }),
  ),
  projects: Type.Optional(Type.Array(Type.String(), { description: 'projects of it that need a service' })),
  env: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String(), {
      description: 'what tests find in their environment; may hold ${vars.NAME} and ${secret.NAME}',
    }),
  ),
});

export const EnvironmentSchema = Options({
  title: Type.String(),
  rehearsal: Type.Boolean({ description: 'the decision is at best REHEARSAL_GO' }),
  writes: Type.Optional(
    Type.Boolean({ description: 'checks with `effects: writes` may run; default false' }),
  ),
  zone: Type.Optional(Type.String({ description: 'IANA zone; default UTC' })),
  signers: Type.Optional(Type.String({ description: 'signers file; default checklists/signers.yml' })),
  vars: Type.Optional(Type.Record(Type.String(), Type.String())),
  secrets: Type.Optional(Type.Record(Type.String(), SecretSchema)),
  sources: Type.Optional(Type.Record(Type.String(), SourceSchema)),
  smoke: Type.Optional(SmokeSchema),
  notify: Type.Optional(
    Type.Array(NotifySchema, { description: 'who is told that a gate waits, was rejected or expires' }),
  ),
  stack: Type.Optional(StackSchema),
});

export const EnvironmentsSchema = Options({
  environments: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), EnvironmentSchema),
});

export type Environment = Static<typeof EnvironmentSchema> & { name: string };
export type SourceConfig = Static<typeof SourceSchema>;
export type SecretConfig = Static<typeof SecretSchema>;
export type StackConfig = Static<typeof StackSchema>;
export type ServiceConfig = Static<typeof ServiceSchema>;

import { DurationText, Options } from '../checks/define.ts';
import { SecretSchema } from '../config/environments.ts';
import { WindowSchema } from '../config/windows.ts';
import { type Static, Type } from '../type.ts';
import { SyntheticCheckSchema } from './check-schema.ts';

const Text = Type.String({ minLength: 1 });
const Name = Type.String({ pattern: '^[a-z][a-z0-9_-]*$', maxLength: 64 });

const channelTypes = ['slack', 'pagerduty', 'alertmanager', 'webhook', 'email'] as const;

/**
 * Who is told. Only here may `enabled` stand: `sed 's/enabled: true/enabled: false/'` silences the alerts of a
 * file and goes on probing.
 */
const Channel = Options({
  type: Type.Unsafe<(typeof channelTypes)[number]>(
    Type.Union(channelTypes.map((type) => Type.Literal(type))),
  ),
  name: Type.Optional(Name),
  enabled: Type.Boolean(),
  channel: Type.Optional(Type.String({ description: 'such as #alerts' })),
  secret: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z_][A-Za-z0-9_-]*$',
      description: 'name of the secret with its URL or key',
    }),
  ),
});

const severities = ['info', 'warning', 'critical'] as const;

export const Severity = Type.Unsafe<(typeof severities)[number]>(
  Type.Union(severities.map((severity) => Type.Literal(severity))),
);

/** When somebody is told. `condition` is a sentence of the language in condition.ts. */
const Rule = Options({
  name: Name,
  condition: Type.String({
    minLength: 1,
    description:
      'consecutive_failures >= 3 within 3m | failures >= 3 of 5 | availability < 98.5% over 7d | p95 > 800ms over 10m',
  }),
  severity: Severity,
  message: Type.Optional(Type.String()),
  checks: Type.Optional(Type.Array(Text, { minItems: 1, description: 'names; default all checks' })),
  match: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'labels that a check must have' }),
  ),
  every: Type.Optional(DurationText({ description: 'how often it is judged; default after each probe' })),
  min_samples: Type.Optional(
    Type.Integer({ minimum: 1, description: 'with fewer probes in the window nothing is said; default 1' }),
  ),
  escalation: Type.Optional(Name),
});

/** Who acts, by the time since the alert. */
const Escalation = Type.Array(
  Options({
    after: DurationText({ description: 'since the alert; 0s: at once' }),
    notify: Type.Array(Text, { minItems: 1, description: 'roles, such as on-call or engineering-lead' }),
    channels: Type.Optional(Type.Array(Text, { minItems: 1, description: 'types or names of channels' })),
    action: Type.Optional(Type.String()),
  }),
  { minItems: 1 },
);

const Alerting = Options({
  channels: Type.Optional(Type.Array(Channel)),
  rules: Type.Optional(Type.Array(Rule)),
  escalations: Type.Optional(Type.Record(Name, Escalation)),
  mttr: Type.Optional(
    Type.String({
      description: 'file with the times to recover by criticality, such as alerts/severities.yml',
    }),
  ),
});

/**
 * What one environment changes. Where checklists/environments.yml of the project has an environment of the same
 * name, its variables and secrets are known here too.
 */
const EnvironmentOverrides = Options({
  base_url: Type.Optional(
    Type.String({ description: 'what ${BASE_URL} stands for; may hold ${vars.NAME} and ${env.NAME}' }),
  ),
  vars: Type.Optional(
    Type.Record(Name, Type.String(), {
      description: 'name: text; may hold ${env.NAME}, a variable of the process',
    }),
  ),
  secrets: Type.Optional(Type.Record(Type.String(), SecretSchema)),
  interval_override: Type.Optional(DurationText()),
  failure_threshold_override: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  locations: Type.Optional(Type.Array(Text, { minItems: 1, uniqueItems: true })),
});

/** A file of synthetic checks, version 1. */
export const SyntheticsSchema = Options({
  version: Type.Union([Type.Literal('1.0'), Type.Literal('1'), Type.Literal(1)]),
  checks: Type.Array(SyntheticCheckSchema, { minItems: 1 }),
  alerting: Type.Optional(Alerting),
  environments: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), EnvironmentOverrides),
  ),
  maintenance: Type.Optional(
    Type.Record(Name, WindowSchema, { description: 'when nothing is monitored; deny windows' }),
  ),
});

/** The schema as a file, for editors. */
export function jsonSchema(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Synthetic checks, and who is told when they fail',
    ...SyntheticsSchema,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

export type SyntheticsFile = Static<typeof SyntheticsSchema>;
export type AlertRule = Static<typeof Rule>;
export type AlertChannel = Static<typeof Channel>;
export type EscalationStep = Static<typeof Escalation>[number];
export type EnvironmentOverrides = Static<typeof EnvironmentOverrides>;

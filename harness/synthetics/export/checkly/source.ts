import { isObject } from '../../../checks/json.ts';
import type { Assertion } from './assertions.ts';
import type { ChannelConstruct } from './channels.ts';
import type { NamedCheck } from './checks.ts';
import { type FrequencyFields, frequencyName } from './frequency.ts';
import type { CheckType } from './requests.ts';

const constructs: Readonly<Record<CheckType, { construct: string; builder: string }>> = {
  API: { construct: 'ApiCheck', builder: 'AssertionBuilder' },
  TCP: { construct: 'TcpMonitor', builder: 'TcpAssertionBuilder' },
  DNS: { construct: 'DnsMonitor', builder: 'DnsAssertionBuilder' },
  SSL: { construct: 'SslMonitor', builder: 'SslAssertionBuilder' },
  GRPC: { construct: 'GrpcMonitor', builder: 'GrpcAssertionBuilder' },
};

/** Code that stands among values as it is. */
class Code {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const head = `// Written by \`countersign synthetics export --to checkly\`. Secrets are variables of Checkly, and of the environment
// in which these constructs are deployed.
`;

const secretFunction = `const secret = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(\`\${name} is not set\`);
  return value;
};
`;

/** A module of constructs. */
export function sourceOf(checks: readonly NamedCheck[], channels: readonly ChannelConstruct[]): string {
  const channelIds = channels.map(({ id }) => new Code(id));
  const statements = [
    ...channels.map(({ id, construct, props }) => {
      const values = Object.fromEntries(
        Object.entries(props).map(([key, value]) => [key, withVariable(value)]),
      );
      return `const ${id} = new ${construct}(${print(id)}, ${print(values)});`;
    }),
    ...checks.map(({ check, payload }) => {
      const { construct } = constructs[payload.checkType];
      const props = propsOf(payload, channelIds);
      return `new ${construct}(${print(check)}, ${print(props)});`;
    }),
  ];
  const text = statements.join('\n\n');
  const usesSecret = text.includes('secret(');
  const names = [
    ...new Set(text.match(/\b[A-Z][A-Za-z]+(?=\()|\b[A-Z][A-Za-z]+Builder\b|\bFrequency\b/g)),
  ].filter(isExported);
  const imports = `import {\n${names
    .sort()
    .map((name) => `  ${name},\n`)
    .join('')}} from 'checkly/constructs';\n`;
  return [head + imports, ...(usesSecret ? [secretFunction] : []), `${text}\n`].join('\n');
}

const exported = new Set([
  ...Object.values(constructs).flatMap(({ construct, builder }) => [construct, builder]),
  'SlackAlertChannel',
  'PagerdutyAlertChannel',
  'WebhookAlertChannel',
  'EmailAlertChannel',
  'AlertEscalationBuilder',
  'RetryStrategyBuilder',
  'Frequency',
]);

const isExported = (name: string) => exported.has(name);

/** As constructs name it: builders where there are some, and no fields that only the API has. */
function propsOf(payload: NamedCheck['payload'], alertChannels: readonly Code[]): Record<string, unknown> {
  const { checkType, doubleCheck, useGlobalAlertSettings, alertSettings, retryStrategy, request, ...rest } =
    payload;
  const { frequency, frequencyOffset, ...plain } = rest as typeof rest & FrequencyFields;
  const name = frequencyName({ frequency, ...(frequencyOffset === undefined ? {} : { frequencyOffset }) });
  const { runBasedEscalation } = alertSettings as { runBasedEscalation: { failedRunThreshold: number } };
  const { type, ...retries } = Object(retryStrategy ?? { type: 'NO_RETRIES' }) as Record<string, unknown>;
  return {
    ...plain,
    frequency: new Code(`Frequency.${name ?? ''}`),
    alertEscalationPolicy: new Code(
      `AlertEscalationBuilder.runBasedEscalation(${runBasedEscalation.failedRunThreshold})`,
    ),
    retryStrategy: new Code(
      type === 'FIXED'
        ? `RetryStrategyBuilder.fixedStrategy(${print(retries, '  ')})`
        : 'RetryStrategyBuilder.noRetries()',
    ),
    ...(alertChannels.length === 0 ? {} : { alertChannels }),
    request: requestOf(checkType, request),
  };
}

/** The construct of an SSL monitor has host and port beside its `sslConfig`, the API inside of it. */
function requestOf(checkType: CheckType, request: NamedCheck['payload']['request']): object {
  const assertions = request.assertions.map((each) => builderCall(checkType, each));
  const { sslConfig, ...rest } = request;
  if (!isObject(sslConfig)) return { ...rest, assertions };
  const { hostname, port, ...config } = sslConfig;
  return { hostname, port, sslConfig: config, assertions };
}

interface Build {
  call: string;
  /** Does it compare numbers? */
  numeric?: boolean;
}

const builds: Readonly<Record<string, Build>> = {
  STATUS_CODE: { call: 'statusCode()', numeric: true },
  RESPONSE_TIME: { call: 'responseTime()', numeric: true },
  TEXT_BODY: { call: 'textBody()' },
  RESPONSE_DATA: { call: 'responseData()' },
  RESPONSE_CODE: { call: 'responseCode()' },
  TEXT_ANSWER: { call: 'textAnswer()' },
  GRPC_HEALTHCHECK_STATUS: { call: 'healthCheckStatus()' },
};

const withProperty: Readonly<Record<string, (property: string) => Build>> = {
  JSON_BODY: (property) => ({ call: `jsonBody(${print(property)})` }),
  HEADERS: (property) => ({ call: `headers(${print(property)})` }),
  CERTIFICATE: (property) => ({ call: `certificate(${print(property)})`, numeric: true }),
};

const comparisons: Readonly<Record<string, string>> = {
  EQUALS: 'equals',
  NOT_EQUALS: 'notEquals',
  LESS_THAN: 'lessThan',
  GREATER_THAN: 'greaterThan',
  CONTAINS: 'contains',
  NOT_CONTAINS: 'notContains',
  IS_NULL: 'isNull',
};

function builderCall(checkType: CheckType, { source, property, comparison, target }: Assertion): Code {
  const { call, numeric } = withProperty[source]?.(property) ?? builds[source] ?? { call: '' };
  const value = source === 'GRPC_HEALTHCHECK_STATUS' ? 'SERVING' : numeric ? Number(target) : target;
  const given = comparison === 'IS_NULL' ? '' : print(value);
  return new Code(`${constructs[checkType].builder}.${call}.${comparisons[comparison] ?? ''}(${given})`);
}

function withVariable(value: unknown): unknown {
  if (isObject(value) && typeof value['variable'] === 'string')
    return new Code(`secret(${print(value['variable'])})`);
  return value;
}

/** A value as TypeScript. */
function print(value: unknown, indent = ''): string {
  if (value instanceof Code) return value.text;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((each) => print(each, inner));
    const line = `[${items.join(', ')}]`;
    if (line.length <= 80 && !line.includes('\n')) return line;
    return `[\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}]`;
  }
  if (isObject(value)) {
    const entries = Object.entries(value).map(([key, each]) => `${keyOf(key)}: ${print(each, inner)}`);
    const line = `{ ${entries.join(', ')} }`;
    if (entries.length === 0) return '{}';
    if (indent !== '' && line.length <= 80 && !line.includes('\n')) return line;
    return `{\n${entries.map((entry) => `${inner}${entry},\n`).join('')}${indent}}`;
  }
  // JSON is TypeScript but for two characters that end a line.
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

const keyOf = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

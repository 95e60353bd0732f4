import type { TSchema } from 'typebox';
import { ConfigSchema } from './config.ts';
import { domainsThatNeed } from './config-domains.ts';

const required = new Set<string>(ConfigSchema.required);

/** Every variable with what it may hold: taken from the schema, so that it cannot fall behind. */
export function describeConfig(): string {
  const entries = Object.entries(ConfigSchema.properties) as [string, TSchema][];
  const width = Math.max(...entries.map(([name]) => name.length)) + 2;
  return entries.map(([name, schema]) => `  ${name.padEnd(width)}${holds(name, schema)}\n`).join('');
}

interface Described {
  type?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  default?: unknown;
  secret?: boolean;
  anyOf?: { const: string }[];
}

function holds(name: string, schema: TSchema): string {
  const { default: fallback, secret } = schema as Described;
  const said = [kindOf(schema)];
  if (secret) said.push('secret');
  const domains = domainsThatNeed(name);
  if (name === 'INSTANCE_ID') said.push('default: the host and a random part');
  else if (domains.length > 0) said.push(`required where DOMAINS has ${domains.join(' or ')}`);
  else if (required.has(name) && fallback === undefined) said.push('required');
  else said.push(fallback === undefined || fallback === '' ? 'default: none' : `default: ${fallback}`);
  return said.join(', ');
}

function kindOf(schema: TSchema): string {
  const { type = 'text', pattern, minimum, maximum, minLength, anyOf } = schema as Described;
  if (anyOf) return anyOf.map((option) => option.const).join(' | ');
  const scheme = /^\^\(([a-z|?]+)\):/.exec(pattern ?? '')?.[1];
  if (scheme) return `URL (${scheme.replace('https?', 'http|https').replaceAll('|', ', ')})`;
  if (minimum !== undefined && maximum !== undefined) return `${type} ${minimum} to ${maximum}`;
  if (minLength !== undefined && minLength > 1) return `text of ${minLength} characters or more`;
  return type === 'string' ? 'text' : type;
}

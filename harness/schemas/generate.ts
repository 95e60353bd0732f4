import type { TSchema } from 'typebox';
import { builtInKinds, KindRegistry } from '../checks/index.ts';
import { EnvironmentsSchema } from '../config/environments.ts';
import { WindowsSchema } from '../config/windows.ts';
import { GateSchema } from '../gate/schema.ts';
import { StatementSchema } from '../report/schema.ts';
import { SignersSchema } from '../sign/signers.ts';
import { jsonSchema } from '../synthetics/schema.ts';

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** Every published schema by file name, as text: generated, so that editors and the harness never disagree. */
export async function generateSchemas(): Promise<Map<string, string>> {
  const registry = new KindRegistry();
  const kinds = await Promise.all(builtInKinds.map((name) => registry.load(name)));
  const schemas: Record<string, object> = {
    'gate.schema.json': titled('A release gate', withOptionsByKind(kinds)),
    'environments.schema.json': titled('Environments in which gates run', EnvironmentsSchema),
    'signers.schema.json': titled('People, roles and keys that may sign', SignersSchema),
    'windows.schema.json': titled('Release windows and freezes', WindowsSchema),
    'report.schema.json': titled('A sign-off report, which is an in-toto statement', StatementSchema),
  };
  for (const { kind, summary, options, facts, expect } of kinds) {
    schemas[`kinds/${kind}.options.schema.json`] = titled(`Options of \`${kind}\`: ${summary}`, options);
    schemas[`kinds/${kind}.facts.schema.json`] = {
      ...titled(`Facts of \`${kind}\``, facts),
      'x-expect': expect,
    };
  }
  return new Map([
    ...Object.entries(schemas).map(([name, schema]): [string, string] => [
      name,
      `${JSON.stringify(schema, null, 2)}\n`,
    ]),
    ['synthetics.schema.json', jsonSchema()],
  ]);
}

function titled(title: string, schema: TSchema | object): object {
  return { $schema: DRAFT, title, ...schema };
}

/** In an editor, `with` completes to the options of the kind that `check` names; own kinds stay open. */
function withOptionsByKind(kinds: readonly { kind: string; summary: string; options: TSchema }[]): object {
  const gate = structuredClone(JSON.parse(JSON.stringify(GateSchema))) as {
    properties: { items: { items: { properties: Record<string, object>; allOf?: object[] } } };
  };
  const item = gate.properties.items.items;
  const names = kinds.map(({ kind, summary }) => ({ const: kind, description: summary }));
  item.properties['check'] = { ...item.properties['check'], anyOf: [...names, { type: 'string' }] };
  item.allOf = kinds.map(({ kind, options }) => ({
    if: { properties: { check: { const: kind } }, required: ['check'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { with: options } },
  }));
  return gate;
}

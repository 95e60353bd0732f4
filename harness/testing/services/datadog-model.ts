import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isObject } from '../../checks/json.ts';
import { bringPackage } from '../published-package.ts';

const client = {
  name: '@datadog/datadog-api-client',
  version: '1.64.0',
  integrity:
    'sha512-6aNItNZ/lYMDsgTfn7DvEYLW+qGGDqxX3qijIHpHFrxOf830xjX2wb7cwTjubv9j30EP33iSNGu17QA5Y1KGUg==',
  with: [
    {
      name: 'loglevel',
      version: '1.9.2',
      integrity:
        'sha512-HgMmCqIJSAKqo68l0rS2AanEWfkxaZ5wNiEFb5ggm08lDs9Xl2KxBlX3PTcaD2chBM1gXAYf491/M2Rv8Jwayg==',
    },
  ],
};

interface Serializer {
  deserialize(value: unknown, type: string, format: string): unknown;
}

export type Judge = (test: unknown) => string[];

/**
 * What the model in Datadog's own client finds strange about an API test: unknown fields, and what fits no type of
 * it. An empty list: nothing.
 */
export async function datadogModel(): Promise<Judge> {
  const folder = await bringPackage(client);
  const models = join(folder, 'dist', 'packages', 'datadog-api-client-v1', 'models');
  const { ObjectSerializer } = createRequire(import.meta.url)(join(models, 'ObjectSerializer.js')) as {
    ObjectSerializer: Serializer;
  };
  return (test) => {
    try {
      return strangeIn(ObjectSerializer.deserialize(test, 'SyntheticsAPITest', ''), 'test');
    } catch (thrown) {
      return [String(thrown)];
    }
  };
}

function strangeIn(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => strangeIn(each, `${path}[${index}]`));
  if (!isObject(value)) return [];
  if ('_data' in value) return [`${path} fits no type: ${JSON.stringify(value['_data'])}`];
  return Object.entries(value).flatMap(([key, each]) => {
    if (key === '_unparsed') return [];
    if (key === 'additionalProperties') return Object.keys(Object(each)).map((name) => `${path}.${name}`);
    return strangeIn(each, `${path}.${key}`);
  });
}

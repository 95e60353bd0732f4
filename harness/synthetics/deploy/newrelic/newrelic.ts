import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../../../checks/json.ts';
import { CountersignError } from '../../../errors.ts';
import { settingOf } from '../../export/define.ts';
import { minutesOfPeriod, monitorsOf } from '../../export/newrelic/monitors.ts';
import { target } from '../../export/newrelic/newrelic.ts';
import type { Service, Wanted } from '../define.ts';
import { markerKey, markerOf } from '../marker.ts';
import { withoutNothing } from '../plan.ts';
import { connect, credentials } from './nerdgraph.ts';

export const service: Service = {
  name: 'newrelic',
  title: 'New Relic',
  credentials,
  translate(definition, options, marking) {
    const { monitors, losses } = monitorsOf(definition, {
      locations: settingOf(target, options, 'locations'),
      given: options.settings['locations'] !== undefined,
      runtime: settingOf(target, options, 'runtime'),
    });
    const wanted = monitors.map(({ check, monitor: { type, input } }): Wanted => {
      const marker = markerOf(marking, check);
      const own = [
        { key: markerKey, values: [marker] },
        { key: digestKey, values: digestsOf(input) },
      ];
      return { check, marker, payload: { type, input: { ...input, tags: [...input.tags, ...own] } } };
    });
    return { wanted, losses };
  },
  comparable,
  fixed: 'type',
  connect,
};

/** Tag with a digest of each field that New Relic does not tell, so that a change in the file is seen. */
export const digestKey = 'countersign-digest';

/** What NerdGraph tells of a monitor, beside its tags. */
const told = new Set(['name', 'period', 'status', 'uri', 'script', 'tags']);

function digestsOf(input: JsonObject): string[] {
  return Object.entries(input)
    .filter(([field]) => !told.has(field))
    .map(
      ([field, value]) =>
        `${field}=${createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)}`,
    )
    .sort();
}

/** Of a payload of ours, and of a monitor as `list` gives it: both have `type` and `input`. */
function comparable({ type, input }: JsonObject): JsonObject {
  if (!isObject(input))
    throw new CountersignError('SOURCE_ANSWER', 'New Relic answered with a monitor without fields');
  const { name, period, status, uri, script } = input;
  const tags = Object.fromEntries(tagPairs(input['tags']));
  const digests = tags[digestKey] ?? [];
  const { [digestKey]: _digests, ...own } = tags;
  const form = {
    type,
    name,
    minutes: typeof period === 'number' ? period : minutesOfPeriod(period),
    status,
    uri: type === 'SIMPLE' ? uri : undefined,
    script,
    tags: own,
    ...Object.fromEntries(digests.map((pair) => pair.split('=') as [string, string])),
  };
  return withoutNothing(form) as JsonObject;
}

function tagPairs(tags: unknown): [string, string[]][] {
  if (!Array.isArray(tags)) return [];
  return tags.filter(isObject).flatMap(({ key, values }) => {
    if (typeof key !== 'string' || !Array.isArray(values)) return [];
    return [[key, values.map(String).sort()] as [string, string[]]];
  });
}

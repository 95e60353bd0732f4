import { isObject, type JsonObject } from '../../../checks/json.ts';
import { CountersignError } from '../../../errors.ts';
import { type MonitorType, monitorTypes } from '../../export/newrelic/monitors.ts';
import { mutationNames } from '../../export/newrelic/newrelic.ts';
import { apiAddress, credentialsFrom } from '../credentials.ts';
import type { Connection, Found, Marking, Surroundings, Wanted } from '../define.ts';
import { type Api, exchange } from '../exchange.ts';
import { isMarkerOf, markerKey } from '../marker.ts';

export const credentials = ['NEW_RELIC_API_KEY', 'NEW_RELIC_ACCOUNT_ID'] as const;

const addresses: Readonly<Record<string, string>> = {
  US: 'https://api.newrelic.com',
  EU: 'https://api.eu.newrelic.com',
};

interface NerdGraph extends Api {
  accountId: number;
}

export function connect(surroundings: Surroundings, marking: Marking): Connection {
  const [key, account] = credentialsFrom(surroundings, 'New Relic', credentials);
  if (!/^[0-9]{1,15}$/.test(account))
    throw new CountersignError('USAGE', 'NEW_RELIC_ACCOUNT_ID is no number', {
      hint: 'it is in the URL of every page',
    });
  const region = surroundings.env['NEW_RELIC_REGION'] ?? 'US';
  const usual = Object.hasOwn(addresses, region) ? addresses[region] : undefined;
  if (usual === undefined) throw new CountersignError('USAGE', 'NEW_RELIC_REGION is US or EU');
  const at: NerdGraph = {
    ...surroundings,
    title: 'New Relic',
    url: apiAddress(surroundings, usual),
    headers: { 'api-key': key },
    secrets: [key],
    credentials,
    accountId: Number(account),
  };
  return {
    list: () => listMonitors(at, marking),
    create: (wanted) => mutate(at, 'Create', wanted),
    update: ({ id }, wanted) => mutate(at, 'Update', wanted, id),
    async remove({ id }) {
      const query = 'mutation($guid: EntityGuid!) { syntheticsDeleteMonitor(guid: $guid) { deletedGuid } }';
      await ask(at, query, { guid: id }, true);
    },
    settled: (markers) => waitUntilFound(at, marking, markers),
  };
}

async function mutate(
  at: NerdGraph,
  verb: 'Create' | 'Update',
  { payload }: Wanted,
  guid?: string,
): Promise<void> {
  const name = mutationNames[typeOf(payload['type'])];
  const key = guid === undefined ? 'accountId' : 'guid';
  const type = guid === undefined ? 'Int!' : 'EntityGuid!';
  const mutation = `synthetics${verb}${name}`;
  const query = `mutation($${key}: ${type}, $monitor: Synthetics${verb}${name}Input!) {
  ${mutation}(${key}: $${key}, monitor: $monitor) { errors { description type } }
}`;
  const variables = { [key]: guid ?? at.accountId, monitor: payload['input'] };
  const data = await ask(at, query, variables, guid !== undefined);
  const result = data[mutation];
  const errors = isObject(result) && Array.isArray(result['errors']) ? result['errors'].filter(isObject) : [];
  if (!isObject(result)) throw strange(`nothing came of ${mutation}`);
  if (errors.length === 0) return;
  const said = errors
    .map(({ description, type: kind }) => `${String(kind)}: ${String(description)}`)
    .join('; ');
  throw new CountersignError('SOURCE_ANSWER', `New Relic refuses ${mutation}: ${said.slice(0, 300)}`);
}

function typeOf(type: unknown): MonitorType {
  const known = monitorTypes.find((each) => each === type);
  if (known) return known;
  throw strange(`a monitor of type ${String(type)}`);
}

const searchQuery = `query($search: String!, $cursor: String) { actor { entitySearch(query: $search) { results(cursor: $cursor) {
  nextCursor
  entities { guid name tags { key values } ... on SyntheticMonitorEntityOutline { monitorType monitoredUrl period monitorSummary { status } } }
} } } }`;

async function listMonitors(at: NerdGraph, marking: Marking): Promise<Found[]> {
  const search = `domain = 'SYNTH' AND type = 'MONITOR' AND accountId = ${at.accountId}`;
  const found: Found[] = [];
  let cursor: string | null = null;
  do {
    const data: JsonObject = await ask(at, searchQuery, { search, cursor }, true);
    const results: unknown = dig(data, 'actor', 'entitySearch', 'results');
    const entities = isObject(results) ? results['entities'] : undefined;
    if (!isObject(results) || !Array.isArray(entities)) throw strange('its list of monitors has no entities');
    for (const entity of entities.filter(isObject)) {
      const marker = markerOfEntity(entity);
      if (marker !== undefined && isMarkerOf(marking, marker)) found.push(await asFound(at, entity, marker));
    }
    cursor = typeof results['nextCursor'] === 'string' ? results['nextCursor'] : null;
  } while (cursor !== null);
  return found;
}

function markerOfEntity({ tags }: JsonObject): string | undefined {
  const tag = Array.isArray(tags) ? tags.filter(isObject).find(({ key }) => key === markerKey) : undefined;
  const [marker] = Array.isArray(tag?.['values']) ? tag['values'] : [];
  return typeof marker === 'string' ? marker : undefined;
}

async function asFound(at: NerdGraph, entity: JsonObject, marker: string): Promise<Found> {
  const { guid, name, tags, monitorType: type, monitoredUrl: uri, period } = entity;
  if (typeof guid !== 'string') throw strange(`the monitor \`${String(name)}\` has no guid`);
  const script = type === 'SCRIPT_API' ? await scriptOf(at, guid) : undefined;
  const status = dig(entity, 'monitorSummary', 'status');
  // Tags that we did not set, such as those that New Relic makes of the fields, are nobody's business here.
  return {
    id: guid,
    marker,
    payload: { type, input: { name, period, status, uri, script, tags: ownTags(tags) } },
  };
}

/** New Relic makes tags of its own of the fields of a monitor. */
const madeByNewRelic = new Set([
  'account',
  'accountId',
  'trustedAccountId',
  'apdexTarget',
  'monitorStatus',
  'monitorType',
  'period',
  'privateLocation',
  'publicLocation',
  'redirectIsFailure',
  'responseValidationText',
  'runtimeType',
  'runtimeTypeVersion',
  'scriptLanguage',
  'shouldBypassHeadRequest',
  'useTlsValidation',
  'domain',
  'daysUntilExpiration',
  'browsers',
  'devices',
  'deviceOrientation',
]);

function ownTags(tags: unknown): JsonObject[] {
  return Array.isArray(tags)
    ? tags.filter(isObject).filter(({ key }) => !madeByNewRelic.has(String(key)))
    : [];
}

async function scriptOf(at: NerdGraph, guid: string): Promise<string> {
  const query =
    'query($account: Int!, $guid: EntityGuid!) { actor { account(id: $account) { synthetics { script(monitorGuid: $guid) { text } } } } }';
  const data = await ask(at, query, { account: at.accountId, guid }, true);
  const text = dig(data, 'actor', 'account', 'synthetics', 'script', 'text');
  if (typeof text === 'string') return text;
  throw strange(`the monitor ${guid} has no script`);
}

const looks = 12;
const betweenLooksMs = 5_000;

/** The search of entities runs behind: without this a second run could make everything again. */
async function waitUntilFound(
  at: NerdGraph,
  marking: Marking,
  markers: readonly string[],
): Promise<string[]> {
  for (let look = 1; ; look += 1) {
    const found = new Set((await listMonitors(at, marking)).map(({ marker }) => marker));
    const missing = markers.filter((marker) => !found.has(marker));
    if (missing.length === 0 || look >= looks) return missing;
    await at.pause(betweenLooksMs);
  }
}

async function ask(
  at: NerdGraph,
  query: string,
  variables: object,
  repeatable: boolean,
): Promise<JsonObject> {
  const answer = await exchange(at, {
    method: 'POST',
    path: '/graphql',
    body: { query, variables },
    repeatable,
  });
  if (!isObject(answer)) throw strange('no object came back');
  const errors = answer['errors'];
  if (Array.isArray(errors) && errors.length > 0) {
    const said = errors
      .map((error) => String(Object(error).message))
      .join('; ')
      .slice(0, 300);
    throw new CountersignError(
      'SOURCE_ANSWER',
      `New Relic answered: ${at.secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), said)}`,
    );
  }
  const { data } = answer;
  if (isObject(data)) return data;
  throw strange('there is no data in it');
}

function dig(value: unknown, ...keys: string[]): unknown {
  return keys.reduce((at, key) => (isObject(at) ? at[key] : undefined), value);
}

function strange(what: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `New Relic answered strangely: ${what}`);
}

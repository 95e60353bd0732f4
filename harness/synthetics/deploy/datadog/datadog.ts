import { isObject, type JsonObject } from '../../../checks/json.ts';
import { CountersignError } from '../../../errors.ts';
import { target } from '../../export/datadog/datadog.ts';
import { testsOf } from '../../export/datadog/tests.ts';
import { settingOf } from '../../export/define.ts';
import { apiAddress, credentialsFrom } from '../credentials.ts';
import type { Connection, Found, Marking, Service, Surroundings } from '../define.ts';
import { type Api, exchange } from '../exchange.ts';
import { isMarkerOf, marked, markerInTags } from '../marker.ts';
import { withoutNothing } from '../plan.ts';

const credentials = ['DD_API_KEY', 'DD_APP_KEY'] as const;

export const service: Service = {
  name: 'datadog',
  title: 'Datadog',
  credentials,
  translate(definition, options, marking) {
    const { tests, losses } = testsOf(definition, {
      locations: settingOf(target, options, 'locations'),
      given: options.settings['locations'] !== undefined,
    });
    return { wanted: tests.map(({ check, test }) => marked(marking, check, test)), losses };
  },
  comparable,
  fixed: 'subtype',
  connect,
};

const api = '/api/v1/synthetics';
const pageSize = 100;

function connect(surroundings: Surroundings, marking: Marking): Connection {
  const [key, applicationKey] = credentialsFrom(surroundings, 'Datadog', credentials);
  const at: Api = {
    ...surroundings,
    title: 'Datadog',
    url: apiAddress(surroundings, `https://api.${siteOf(surroundings)}`),
    headers: { 'dd-api-key': key, 'dd-application-key': applicationKey },
    secrets: [key, applicationKey],
    credentials,
  };
  let variables = new Map<string, string>();
  return {
    list: () => listTests(at, marking),
    async prepare(wanted) {
      const names = new Set(wanted.flatMap(({ payload }) => variablesOf(payload)));
      if (names.size > 0) variables = await knownVariables(at, names);
    },
    async create({ payload }) {
      const body = withIds(payload, variables);
      await exchange(at, { method: 'POST', path: `${api}/tests/api`, body, repeatable: false });
    },
    async update({ id, payload: there }, { payload }) {
      // What the file does not decide, such as who may edit the test, stays as it is.
      const options = { ...otherOptions(there), ...objectAt(payload, 'options') };
      const body = withIds({ ...payload, options }, variables);
      const path = `${api}/tests/api/${encodeURIComponent(id)}`;
      await exchange(at, { method: 'PUT', path, body, repeatable: true });
      // The status has a route of its own for tests that are there already.
      if (there['status'] === payload['status']) return;
      const status = { new_status: payload['status'] };
      const statusPath = `${api}/tests/${encodeURIComponent(id)}/status`;
      await exchange(at, { method: 'PUT', path: statusPath, body: status, repeatable: true });
    },
    async remove({ id }) {
      const body = { public_ids: [id] };
      await exchange(at, { method: 'POST', path: `${api}/tests/delete`, body, repeatable: true });
    },
  };
}

function siteOf({ env }: Surroundings): string {
  const site = env['DD_SITE'] ?? 'datadoghq.com';
  if (/^([a-z0-9-]+\.)*(datadoghq\.com|datadoghq\.eu|ddog-gov\.com)$/.test(site)) return site;
  throw new CountersignError('USAGE', `DD_SITE is not a site of Datadog: \`${site}\``, {
    hint: 'such as datadoghq.com, datadoghq.eu or us5.datadoghq.com',
  });
}

async function listTests(at: Api, marking: Marking): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (let page = 0; ; page += 1) {
    const query = { page_size: String(pageSize), page_number: String(page) };
    const answer = await exchange(at, { method: 'GET', path: `${api}/tests`, query, repeatable: true });
    const tests = isObject(answer) ? answer['tests'] : undefined;
    if (!Array.isArray(tests)) throw strange('its list of tests has no `tests`');
    for (const test of tests.filter(isObject)) {
      const marker = markerInTags(test['tags']);
      if (marker === undefined || !isMarkerOf(marking, marker)) continue;
      const id = test['public_id'];
      if (typeof id !== 'string') throw strange(`the test \`${String(test['name'])}\` has no public_id`);
      found.set(id, { id, marker, payload: test });
    }
    if (tests.length < pageSize) break;
  }
  // The list leaves out the steps of tests that have several.
  return Promise.all(
    [...found.values()].map(async (each) =>
      each.payload['subtype'] === 'multi' ? { ...each, payload: await wholeTest(at, each.id) } : each,
    ),
  );
}

async function wholeTest(at: Api, id: string): Promise<JsonObject> {
  const path = `${api}/tests/api/${encodeURIComponent(id)}`;
  const test = await exchange(at, { method: 'GET', path, repeatable: true });
  if (!isObject(test)) throw strange(`the test ${id} is no object`);
  return test;
}

async function knownVariables(at: Api, names: ReadonlySet<string>): Promise<Map<string, string>> {
  const answer = await exchange(at, { method: 'GET', path: `${api}/variables`, repeatable: true });
  const list = isObject(answer) ? answer['variables'] : undefined;
  if (!Array.isArray(list)) throw strange('its list of global variables has no `variables`');
  const known = new Map(list.filter(isObject).map(({ name, id }) => [String(name), String(id)]));
  const missing = [...names].filter((name) => !known.has(name));
  if (missing.length === 0) return known;
  throw new CountersignError('SECRET_MISSING', `Datadog has no global variable ${missing.join(', ')}`, {
    hint: 'create them there with the values of the secrets: deploying writes no secret',
  });
}

function variablesOf(payload: JsonObject): string[] {
  const list = objectAt(payload, 'config')['configVariables'];
  return Array.isArray(list) ? list.filter(isObject).map(({ name }) => String(name)) : [];
}

function withIds(payload: JsonObject, ids: ReadonlyMap<string, string>): JsonObject {
  const config = objectAt(payload, 'config');
  const list = config['configVariables'];
  if (!Array.isArray(list)) return payload;
  const configVariables = list
    .filter(isObject)
    .map((variable) => ({ ...variable, id: ids.get(String(variable['name'])) }));
  return { ...payload, config: { ...config, configVariables } };
}

/** Options that the file decides; others, such as roles, stay as they are. */
const ownOptions = [
  'tick_every',
  'min_failure_duration',
  'min_location_failed',
  'retry',
  'monitor_options',
  'accept_self_signed',
] as const;

function otherOptions(test: JsonObject): JsonObject {
  const own: readonly string[] = ownOptions;
  return Object.fromEntries(
    Object.entries(objectAt(test, 'options')).filter(([name]) => !own.includes(name)),
  );
}

function comparable(payload: JsonObject): JsonObject {
  const options = objectAt(payload, 'options');
  const { renotify_interval } = objectAt(options, 'monitor_options');
  const retry = objectAt(options, 'retry');
  const { request, assertions, steps, configVariables } = objectAt(payload, 'config');
  const variables = Array.isArray(configVariables) ? configVariables.filter(isObject) : [];
  const own = Object.fromEntries(ownOptions.map((name) => [name, options[name]]));
  const form = {
    name: payload['name'],
    subtype: payload['subtype'],
    status: payload['status'],
    message: payload['message'],
    tags: sorted(payload['tags']),
    locations: sorted(payload['locations']),
    request: requestForm(request),
    assertions,
    steps: Array.isArray(steps) ? steps.filter(isObject).map(stepForm) : undefined,
    variables: sorted(variables.map(({ name }) => name)),
    options: {
      ...own,
      min_failure_duration: options['min_failure_duration'] || undefined,
      monitor_options: { renotify_interval: renotify_interval || undefined },
      retry: retry['count'] ? { count: retry['count'], interval: retry['interval'] ?? 300 } : undefined,
    },
  };
  return withoutNothing(form) as JsonObject;
}

const defaultTimeoutSeconds = 60;

function requestForm(request: unknown): unknown {
  if (!isObject(request)) return undefined;
  // The service tells ports as numbers or as texts.
  const port = request['port'] === undefined ? undefined : String(request['port']);
  const timeout = request['timeout'] === defaultTimeoutSeconds ? undefined : request['timeout'];
  return { ...request, port, timeout };
}

function stepForm({ id, ...step }: JsonObject): JsonObject {
  return { ...step, request: requestForm(step['request']) };
}

function sorted(list: unknown): unknown {
  return Array.isArray(list) ? list.map(String).sort() : list;
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const inside = value[key];
  return isObject(inside) ? inside : {};
}

function strange(what: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `Datadog answered strangely: ${what}`);
}

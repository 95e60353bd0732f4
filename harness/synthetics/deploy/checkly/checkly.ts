import { isObject, type JsonObject } from '../../../checks/json.ts';
import { CountersignError } from '../../../errors.ts';
import { loseChannels } from '../../export/checkly/channels.ts';
import { target } from '../../export/checkly/checkly.ts';
import { checksOf } from '../../export/checkly/checks.ts';
import { settingOf } from '../../export/define.ts';
import { apiAddress, credentialsFrom } from '../credentials.ts';
import type { Connection, Found, Marking, Service, Surroundings } from '../define.ts';
import { type Api, exchange } from '../exchange.ts';
import { isMarkerOf, marked, markerInTags } from '../marker.ts';
import { withoutNothing } from '../plan.ts';

const credentials = ['CHECKLY_API_KEY', 'CHECKLY_ACCOUNT_ID'] as const;

export const service: Service = {
  name: 'checkly',
  title: 'Checkly',
  credentials,
  translate(definition, options, marking) {
    const { checks, losses } = checksOf(definition, {
      locations: settingOf(target, options, 'locations'),
      given: options.settings['locations'] !== undefined,
    });
    loseChannels(definition, losses);
    return { wanted: checks.map(({ check, payload }) => marked(marking, check, payload)), losses };
  },
  comparable,
  fixed: 'checkType',
  connect,
};

const pageSize = 100;

/** What the file does not decide: an update that left it out would take it away. */
const kept = ['alertChannelSubscriptions', 'privateLocations', 'groupId', 'groupOrder', 'muted'] as const;

function connect(surroundings: Surroundings, marking: Marking): Connection {
  const [key, account] = credentialsFrom(surroundings, 'Checkly', credentials);
  const at: Api = {
    ...surroundings,
    title: 'Checkly',
    url: apiAddress(surroundings, 'https://api.checklyhq.com'),
    headers: { authorization: `Bearer ${key}`, 'x-checkly-account': account },
    secrets: [key, account],
    credentials,
  };
  return {
    list: () => listChecks(at, marking),
    async create({ payload }) {
      const path = `/v1/checks/${routeOf(payload)}`;
      await exchange(at, { method: 'POST', path, body: payload, repeatable: false });
    },
    async update({ id, payload: there }, { payload }) {
      const others = Object.fromEntries(kept.flatMap((name) => (name in there ? [[name, there[name]]] : [])));
      const path = `/v1/checks/${routeOf(payload)}/${encodeURIComponent(id)}`;
      await exchange(at, { method: 'PUT', path, body: { ...others, ...payload }, repeatable: true });
    },
    async remove({ id }) {
      const path = `/v1/checks/${encodeURIComponent(id)}`;
      await exchange(at, { method: 'DELETE', path, repeatable: true });
    },
  };
}

const routeOf = (payload: JsonObject) => String(payload['checkType']).toLowerCase();

async function listChecks(at: Api, marking: Marking): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (let page = 1; ; page += 1) {
    const query = { limit: String(pageSize), page: String(page) };
    const checks = await exchange(at, { method: 'GET', path: '/v1/checks', query, repeatable: true });
    if (!Array.isArray(checks))
      throw new CountersignError('SOURCE_ANSWER', 'Checkly answered with no list of checks');
    for (const check of checks.filter(isObject)) {
      const marker = markerInTags(check['tags']);
      if (marker === undefined || !isMarkerOf(marking, marker)) continue;
      const id = check['id'];
      if (typeof id !== 'string')
        throw new CountersignError('SOURCE_ANSWER', `the check \`${String(check['name'])}\` has no id`);
      found.set(id, { id, marker, payload: check });
    }
    if (checks.length < pageSize) return [...found.values()];
  }
}

const compared = [
  'checkType',
  'name',
  'description',
  'activated',
  'shouldFail',
  'doubleCheck',
  'runParallel',
  'degradedResponseTime',
  'maxResponseTime',
  'useGlobalAlertSettings',
] as const;

function comparable(payload: JsonObject): JsonObject {
  const { frequency, frequencyOffset, alertSettings, retryStrategy, request } = payload;
  const settings = isObject(alertSettings) ? alertSettings : {};
  const form = {
    ...Object.fromEntries(compared.map((name) => [name, payload[name]])),
    tags: sorted(payload['tags']),
    locations: sorted(payload['locations']),
    frequency: Number(frequency),
    // Above a minute the service chooses the offset itself.
    frequencyOffset: frequency === 0 ? frequencyOffset : undefined,
    escalationType: settings['escalationType'],
    runBasedEscalation: settings['runBasedEscalation'],
    retryStrategy: isObject(retryStrategy) && retryStrategy['type'] === 'NO_RETRIES' ? null : retryStrategy,
    request: requestForm(request),
  };
  return { ...(withoutNothing(form) as JsonObject), frequency: form.frequency };
}

/** Without what the service keeps for itself, and without what it fills in. */
function requestForm(request: unknown): unknown {
  if (!isObject(request)) return undefined;
  const { id, checkId, created_at, updated_at, ipFamily, assertions, sslConfig, ...rest } = request;
  return {
    ...rest,
    ipFamily: ipFamily === 'IPv4' ? undefined : ipFamily,
    assertions: Array.isArray(assertions) ? assertions.filter(isObject).map(assertionForm) : undefined,
    sslConfig: isObject(sslConfig) ? sslForm(sslConfig) : undefined,
  };
}

function assertionForm({ source, property, comparison, target: wanted }: JsonObject): JsonObject {
  return { source, property, comparison, target: String(wanted ?? '') };
}

function sslForm({ hostname, port, serverName, skipChainValidation }: JsonObject): JsonObject {
  return { hostname, port, serverName, skipChainValidation };
}

function sorted(list: unknown): unknown {
  return Array.isArray(list) ? list.map(String).sort() : list;
}

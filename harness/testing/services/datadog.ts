import { isObject, type JsonObject } from '../../checks/json.ts';
import type { Judge } from './datadog-model.ts';
import { type Answer, type Request, type Simulator, startSimulator } from './simulator.ts';

export interface DatadogSimulator extends Simulator {
  /** Every test by its public id. */
  readonly tests: Map<string, JsonObject>;
  /** Names of its global variables. */
  readonly variables: string[];
}

export const datadogKeys = { DD_API_KEY: 'key-of-datadog', DD_APP_KEY: 'application-key-of-datadog' };

const pages = 100;

interface State {
  tests: Map<string, JsonObject>;
  variables: string[];
  judge: Judge;
  made: number;
}

type Handle = (request: Request, id: string, state: State) => Answer;

const root = '^/api/v1/synthetics';

const routes: [method: string, path: RegExp, handle: Handle][] = [
  ['GET', new RegExp(`${root}/tests$`), ({ query }, _id, { tests }) => ok({ tests: page(query, tests) })],
  [
    'GET',
    new RegExp(`${root}/variables$`),
    (_, _id, state) => ok({ variables: state.variables.map(asVariable) }),
  ],
  ['POST', new RegExp(`${root}/tests/api$`), createTest],
  [
    'GET',
    new RegExp(`${root}/tests/api/([^/]+)$`),
    (_, id, { tests }) => (tests.has(id) ? ok(tests.get(id)) : gone),
  ],
  ['PUT', new RegExp(`${root}/tests/api/([^/]+)$`), updateTest],
  ['PUT', new RegExp(`${root}/tests/([^/]+)/status$`), changeStatus],
  ['POST', new RegExp(`${root}/tests/delete$`), deleteTests],
];

const ok = (body: unknown): Answer => ({ status: 200, body });
const refused = (errors: string[]): Answer => ({ status: 400, body: { errors } });
const gone: Answer = { status: 404, body: { errors: ['Synthetics test not found'] } };

/** Datadog's API of tests as documented; what a test may be is judged by the model of Datadog's client. */
export async function startDatadog(judge: Judge): Promise<DatadogSimulator> {
  const state: State = { tests: new Map(), variables: [], judge, made: 0 };
  const answer = (request: Request): Answer => {
    const { headers } = request;
    const known =
      headers['dd-api-key'] === datadogKeys.DD_API_KEY &&
      headers['dd-application-key'] === datadogKeys.DD_APP_KEY;
    if (!known) return { status: 403, body: { errors: ['Forbidden'] } };
    for (const [method, path, handle] of routes) {
      const match = path.exec(request.path);
      if (match && request.method === method) return handle(request, match[1] ?? '', state);
    }
    return { status: 404, body: { errors: ['Not Found'] } };
  };
  const simulator = await startSimulator(answer, ({ method }) => method !== 'GET');
  return { ...simulator, tests: state.tests, variables: state.variables };
}

function createTest({ body }: Request, _id: string, state: State): Answer {
  const problems = problemsOf(body, state.judge);
  if (problems.length > 0) return refused(problems);
  state.made += 1;
  const id = `abc-${String(state.made).padStart(3, '0')}-xyz`;
  state.tests.set(id, asStored(body as JsonObject, id));
  return ok(state.tests.get(id));
}

/** The status of a test that is there is changed by its own route. */
function updateTest({ body }: Request, id: string, { tests, judge }: State): Answer {
  const before = tests.get(id);
  if (!before) return gone;
  const problems = problemsOf(body, judge);
  if (problems.length > 0) return refused(problems);
  tests.set(id, { ...asStored(body as JsonObject, id), status: before['status'] });
  return ok(tests.get(id));
}

function changeStatus({ body }: Request, id: string, { tests }: State): Answer {
  const before = tests.get(id);
  const status = isObject(body) ? body['new_status'] : undefined;
  if (!before) return gone;
  if (status !== 'live' && status !== 'paused') return refused(['no such status']);
  tests.set(id, { ...before, status });
  return ok(true);
}

function deleteTests({ body }: Request, _id: string, { tests }: State): Answer {
  const ids = isObject(body) && Array.isArray(body['public_ids']) ? body['public_ids'].map(String) : [];
  if (ids.some((id) => !tests.has(id))) return gone;
  for (const id of ids) tests.delete(id);
  return ok({ deleted_tests: ids.map((public_id) => ({ public_id })) });
}

function page(query: URLSearchParams, tests: ReadonlyMap<string, JsonObject>): JsonObject[] {
  const size = Number(query.get('page_size') ?? pages);
  const from = Number(query.get('page_number') ?? 0) * size;
  return [...tests.values()].slice(from, from + size).map(withoutSteps);
}

function withoutSteps(test: JsonObject): JsonObject {
  const { steps, ...config } = Object(test['config']) as JsonObject;
  return { ...test, config };
}

const asVariable = (name: string) => ({ id: `id-of-${name}`, name, value: { secure: true } });

/** With what the service adds of its own. */
function asStored(test: JsonObject, id: string): JsonObject {
  const options = Object(test['options']) as JsonObject;
  return {
    ...test,
    public_id: id,
    monitor_id: 1,
    created_at: '2026-11-22T09:00:00.000Z',
    creator: { email: 'ada@example.com' },
    options: {
      httpVersion: 'http1',
      ...options,
      monitor_options: { ...Object(options['monitor_options']), notify_audit: false },
    },
  };
}

function problemsOf(body: unknown, judge: Judge): string[] {
  const problems = judge(body);
  if (!isObject(body)) return problems;
  const { options, locations, config } = body;
  const tick = isObject(options) ? options['tick_every'] : undefined;
  if (typeof tick !== 'number' || tick < 30 || tick > 604_800) problems.push('tick_every is out of bounds');
  if (!Array.isArray(locations) || locations.length === 0) problems.push('there is no location');
  const variables = isObject(config) ? config['configVariables'] : undefined;
  if (Array.isArray(variables) && variables.some((each) => !isObject(each) || !each['id']))
    problems.push('a global variable has no id');
  return problems;
}

import { isObject, type JsonObject } from '../../checks/json.ts';
import { schemaErrors } from '../../config/validate.ts';
import { type TSchema, Type } from '../../type.ts';
import { type Answer, type Request, type Simulator, startSimulator } from './simulator.ts';

export interface NewRelicSimulator extends Simulator {
  /** Every monitor by its guid: its type, and what its last mutation gave. */
  readonly monitors: Map<string, { type: string; input: JsonObject }>;
  /** How many searches see nothing of a new monitor. */
  lag: number;
}

export const newRelicKeys = { NEW_RELIC_API_KEY: 'NRAK-KEY-OF-NEW-RELIC', NEW_RELIC_ACCOUNT_ID: '1234567' };

const oneOf = (...values: string[]) => Type.Union(values.map((value) => Type.Literal(value)));
const exactly = (fields: Record<string, TSchema>) => Type.Object(fields, { additionalProperties: false });
const minutes: Readonly<Record<string, number>> = {
  EVERY_MINUTE: 1,
  EVERY_5_MINUTES: 5,
  EVERY_10_MINUTES: 10,
  EVERY_15_MINUTES: 15,
  EVERY_30_MINUTES: 30,
  EVERY_HOUR: 60,
  EVERY_6_HOURS: 360,
  EVERY_12_HOURS: 720,
  EVERY_DAY: 1_440,
};
const common = {
  name: Type.String({ minLength: 1 }),
  period: oneOf(...Object.keys(minutes)),
  status: oneOf('ENABLED', 'DISABLED'),
  locations: exactly({
    public: Type.Array(Type.String({ pattern: '^[A-Z]+(_[A-Z]+)+_[0-9]$' }), { minItems: 1 }),
  }),
  tags: Type.Array(
    exactly({
      key: Type.String({ minLength: 1, maxLength: 128 }),
      values: Type.Array(Type.String({ maxLength: 256 })),
    }),
  ),
};

/** Inputs of the mutations as NerdGraph's documentation has them. */
const inputs: Readonly<Record<string, { type: string; schema: TSchema }>> = {
  SimpleMonitor: {
    type: 'SIMPLE',
    schema: exactly({
      ...common,
      uri: Type.String({ pattern: '^https?://' }),
      advancedOptions: exactly({
        customHeaders: Type.Array(exactly({ name: Type.String(), value: Type.String() })),
        redirectIsFailure: Type.Boolean(),
        responseValidationText: Type.String(),
        shouldBypassHeadRequest: Type.Boolean(),
        useTlsValidation: Type.Boolean(),
      }),
    }),
  },
  ScriptApiMonitor: {
    type: 'SCRIPT_API',
    schema: exactly({
      ...common,
      runtime: exactly({
        runtimeType: Type.Literal('NODE_API'),
        runtimeTypeVersion: Type.String(),
        scriptLanguage: Type.Literal('JAVASCRIPT'),
      }),
      script: Type.String({ minLength: 1 }),
    }),
  },
  CertCheckMonitor: {
    type: 'CERT_CHECK',
    schema: exactly({
      ...common,
      domain: Type.String({ minLength: 1 }),
      numberDaysToFailBeforeCertExpires: Type.Integer({ minimum: 0 }),
    }),
  },
};

const pageSize = 50;

/** NerdGraph, as far as monitors of New Relic go. */
export async function startNewRelic(): Promise<NewRelicSimulator> {
  const monitors: NewRelicSimulator['monitors'] = new Map();
  const hidden = new Map<string, number>();
  const state = { lag: 0 };
  const answer = (request: Request): Answer => {
    if (request.headers['api-key'] !== newRelicKeys.NEW_RELIC_API_KEY)
      return { status: 401, body: { errors: [{ message: 'no' }] } };
    const { query, variables } = Object(request.body) as { query: string; variables: JsonObject };
    if (request.path !== '/graphql' || typeof query !== 'string') return { status: 404 };
    if (query.includes('entitySearch')) return ok(search(monitors, hidden, variables['cursor']));
    if (query.includes('script(monitorGuid')) {
      const text = monitors.get(String(variables['guid']))?.input['script'];
      return ok({ actor: { account: { synthetics: { script: { text } } } } });
    }
    if (query.includes('syntheticsDeleteMonitor')) {
      monitors.delete(String(variables['guid']));
      return ok({ syntheticsDeleteMonitor: { deletedGuid: variables['guid'] } });
    }
    return mutate(query, variables, { monitors, hidden, lag: state.lag });
  };
  const isMutation = ({ body }: Request) => String(Object(body).query).startsWith('mutation');
  const simulator = await startSimulator(answer, isMutation);
  return {
    ...simulator,
    monitors,
    get lag() {
      return state.lag;
    },
    set lag(count) {
      state.lag = count;
    },
  };
}

const ok = (data: object): Answer => ({ status: 200, body: { data } });

interface Store {
  monitors: NewRelicSimulator['monitors'];
  hidden: Map<string, number>;
  lag: number;
}

function mutate(
  query: string,
  { accountId, guid, monitor }: JsonObject,
  { monitors, hidden, lag }: Store,
): Answer {
  const [, verb, kind = ''] = /synthetics(Create|Update)(\w+Monitor)\(/.exec(query) ?? [];
  const known = inputs[kind];
  const declared = query.includes(`$monitor: Synthetics${verb}${kind}Input!`);
  if (!known || !declared) return { status: 200, body: { errors: [{ message: 'Cannot query field' }] } };
  const [wrong] = schemaErrors(known.schema, monitor, 'the monitor');
  const failed = (type: string, description: string) =>
    ok({ [`synthetics${verb}${kind}`]: { errors: [{ type, description }] } });
  if (wrong) return failed('BAD_REQUEST', JSON.stringify(wrong));
  if (verb === 'Create') {
    if (accountId !== Number(newRelicKeys.NEW_RELIC_ACCOUNT_ID))
      return failed('UNAUTHORIZED', 'another account');
    const made = Buffer.from(`1234567|SYNTH|MONITOR|${hidden.size + 1}`).toString('base64');
    monitors.set(made, { type: known.type, input: monitor as JsonObject });
    hidden.set(made, lag);
  } else {
    const before = monitors.get(String(guid));
    if (before?.type !== known.type) return failed('NOT_FOUND', 'no such monitor');
    monitors.set(String(guid), { type: known.type, input: { ...before.input, ...(monitor as JsonObject) } });
  }
  return ok({ [`synthetics${verb}${kind}`]: { errors: null } });
}

function search(monitors: Store['monitors'], hidden: Store['hidden'], cursor: unknown): object {
  const visible = [...monitors].filter(([guid]) => {
    const left = hidden.get(guid) ?? 0;
    hidden.set(guid, left - 1);
    return left <= 0;
  });
  const from = Number(cursor ?? 0);
  const entities = visible.slice(from, from + pageSize).map(([guid, { type, input }]) => ({
    guid,
    name: input['name'],
    monitorType: type,
    monitoredUrl: input['uri'] ?? null,
    period: minutes[String(input['period'])],
    monitorSummary: { status: input['status'] },
    tags: [
      ...(Array.isArray(input['tags']) ? input['tags'] : []),
      { key: 'monitorStatus', values: ['Enabled'] },
    ],
  }));
  const nextCursor = from + pageSize < visible.length ? String(from + pageSize) : null;
  return { actor: { entitySearch: { results: { nextCursor, entities: entities.filter(isObject) } } } };
}

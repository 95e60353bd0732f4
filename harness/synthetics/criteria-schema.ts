import { Anything, Options } from '../checks/define.ts';
import { type Static, Type } from '../type.ts';

const Text = Type.String({ minLength: 1 });
const Texts = Type.Union([Text, Type.Array(Text, { minItems: 1 })]);
const Status = Type.Integer({ minimum: 100, maximum: 599 });

/** `<800`, `<= 1.5`, `> 14`, `== 0`: an operator and a number. */
export const Comparison = Type.String({
  pattern: '^\\s*(<=|>=|<|>|==)\\s*[0-9]+(\\.[0-9]+)?\\s*$',
  description: 'an operator and a number, such as "<800"',
});

const one = {
  status_code: Type.Union([Status, Type.Array(Status, { minItems: 1 })], {
    description: 'the status, or those that will do',
  }),
  response_time_ms: Comparison,
  body_contains: Texts,
  body_not_contains: Texts,
  body_matches: Type.String({ minLength: 1, maxLength: 1_000, description: 'a regular expression' }),
  body_json_equals: Anything({ description: 'the whole body as JSON, order of keys aside' }),
  body_json: Type.Record(Type.String({ pattern: '^(/.*)?$' }), Anything(), {
    description: 'JSON pointer: the value there',
  }),
  headers_contain: Type.Record(Type.String(), Type.String(), {
    description: 'name: a part of its value, letters of any case',
  }),
  redirects_to: Type.String({ description: 'where it led in the end: the URL, or its beginning' }),
  certificate_days: Comparison,
  answers_contain: Texts,
  answers_equal: Type.Array(Text, { minItems: 1, description: 'these and no others, in any order' }),
  received_contains: Texts,
  close_code: Type.Integer({ minimum: 1000, maximum: 4999 }),
  serving: Type.Boolean({ description: 'does the health service answer SERVING?' }),
  exit_code: Type.Integer({ minimum: 0, maximum: 255 }),
} as const;

export type CriterionName = keyof typeof one;

/** Which criteria a type of probe can judge; `body_json` and its like need a body. */
const http = [
  'status_code',
  'response_time_ms',
  'body_contains',
  'body_not_contains',
  'body_matches',
  'body_json_equals',
  'body_json',
  'headers_contain',
  'redirects_to',
  'certificate_days',
] as const;

export const criteriaOf = {
  http,
  tcp: ['response_time_ms', 'received_contains'],
  dns: ['response_time_ms', 'answers_contain', 'answers_equal'],
  tls: ['response_time_ms', 'certificate_days'],
  websocket: ['response_time_ms', 'received_contains', 'close_code'],
  grpc: ['response_time_ms', 'serving', 'certificate_days'],
  browser: ['response_time_ms', 'exit_code'],
  script: ['response_time_ms', 'exit_code'],
} as const satisfies Record<string, readonly CriterionName[]>;

export type ProbeType = keyof typeof criteriaOf;

/** What is judged of a type unless the check itself says something about it: nothing passes unseen. */
const basisOf: Readonly<Record<ProbeType, string>> = {
  http: 'a status of 2xx, unless status_code or an expectation on `status` says which',
  tcp: 'that it connects',
  dns: 'that there is an answer',
  tls: 'that the certificate is trusted, in time and for this name',
  websocket: 'that it opens, and that the conversation goes as written',
  grpc: 'that it says SERVING, unless `serving` says otherwise',
  browser: 'that no test fails, unless exit_code says otherwise',
  script: 'an exit code of 0, unless exit_code says which; 3 is an error: it could not tell',
};

/** A list of criteria; each is a map with one key, as in `- status_code: 200`. All must hold. */
export function CriteriaFor<T extends ProbeType>(type: T) {
  type Name = (typeof criteriaOf)[T][number];
  const branches = criteriaOf[type].map((name) => Options({ [name]: one[name] }));
  return Type.Unsafe<Criterion<Name>[]>(
    Type.Array(Type.Union(branches), {
      minItems: 1,
      description: `all of these must hold; judged in any case: ${basisOf[type]}`,
    }),
  );
}

/** One criterion: exactly one of the keys that the type of probe knows. */
export type Criterion<N extends CriterionName = CriterionName> = {
  [Key in N]: { [K in Key]: Static<(typeof one)[K]> };
}[N];

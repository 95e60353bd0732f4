import fc from 'fast-check';

/** Files of checks of many shapes, for properties of exports and imports: what a person might write, and worse. */
const text = fc.oneof(
  fc.constantFrom(
    'ok',
    'a b',
    'a/b',
    'x == y',
    '$5 ${x',
    'a $${x} b',
    'pat(a)',
    '[BODY]',
    '"q"',
    "it's",
    'true',
    '12',
    '0x1f',
    'é: #',
    'a*b?[c]',
    '1e6',
    'null',
    '{{x}}',
  ),
  fc.string({ minLength: 1, maxLength: 12 }).filter((each) => each.trim() !== '' && !each.includes('${')),
);
const reference = fc.constantFrom(
  '${secret.API_TOKEN}',
  'Bearer ${secret.API_TOKEN}',
  'plain',
  'a $ b',
  '$$',
);
const key = fc.constantFrom('id', 'a_b', 'up-to', 'a.b', '0', '12', 'a~0b', 'in', 'é');
const pointer = fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => `/${keys.join('/')}`);
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })
    .map((each) => (each === 0 ? 0 : each)),
  fc.constant(null),
  fc.constant([1]),
);
const status = fc.integer({ min: 100, max: 599 });
const comparison = fc
  .tuple(fc.constantFrom('<', '<=', '>', '>=', '=='), fc.constantFrom('800', '1.5', '14', '0'))
  .map(([operator, bound]) => operator + bound);
const some = <T>(each: fc.Arbitrary<T>) => fc.oneof(each, fc.array(each, { minLength: 1, maxLength: 2 }));
const timed = [fc.record({ response_time_ms: comparison }), fc.record({ certificate_days: comparison })];

const httpCriterion: fc.Arbitrary<object> = fc.oneof(
  ...timed,
  fc.record({ status_code: fc.oneof(status, fc.uniqueArray(status, { minLength: 1, maxLength: 3 })) }),
  fc.record({ body_contains: some(text) }),
  fc.record({ body_not_contains: text }),
  fc.record({ body_matches: fc.constantFrom('a+', '\\d{2}', 'a(?=b)', '\\u0041') }),
  fc.record({ body_json: fc.dictionary(pointer, value, { minKeys: 1, maxKeys: 2 }) }),
  fc.record({ body_json_equals: fc.oneof(fc.dictionary(key, value, { maxKeys: 2 }), value) }),
  fc.record({ headers_contain: fc.dictionary(fc.constantFrom('X-A', 'Content-Type'), text, { minKeys: 1 }) }),
  fc.record({ redirects_to: fc.constant('https://b.example/') }),
);

const optional = { requiredKeys: [] as never[] };
const common = fc.record(
  {
    description: text,
    active: fc.boolean(),
    tags: fc.constant(['a']),
    labels: fc.dictionary(fc.constantFrom('team', 'service', 'job'), text, { maxKeys: 2 }),
    interval: fc.constantFrom('1s', '30s', '60s', '90s', '1h30m', '1d'),
    timeout: fc.constantFrom('500ms', '5s', '10s', '1m'),
    retries: fc.constant({ count: 2 }),
    failure_threshold: fc.integer({ min: 1, max: 100 }),
    locations: fc.constant(['lagos']),
    maintenance: fc.constant(['nightly']),
  },
  optional,
);
const headers = fc.dictionary(fc.constantFrom('Authorization', 'X-Key', 'Content-Type'), reference, {
  minKeys: 1,
  maxKeys: 2,
});
const http = fc.record(
  {
    method: fc.constantFrom('GET', 'POST'),
    headers,
    follow: fc.constantFrom(0, 3, 10),
    follow_to_private: fc.boolean(),
    max_bytes: fc.constant(1024),
    insecure: fc.boolean(),
    server_name: fc.constant('b.example'),
    expect: fc.constant(['status == 200']),
    success_criteria: fc.array(httpCriterion, { minLength: 1, maxLength: 4 }),
  },
  optional,
);
const sent = fc.oneof(
  fc.constant({}),
  fc.record({ json: fc.dictionary(key, value) }),
  fc.record({ body: text }),
);
const url = fc.constantFrom(
  'http://a.example/',
  'https://a.example:8443/x?y=$1&z=%20',
  'http://a.example/${secret.PATH}',
);
const host = fc.record({ host: fc.constant('a.example'), port: fc.integer({ min: 1, max: 65_535 }) });
const others: fc.Arbitrary<object> = fc
  .oneof(
    fc.tuple(
      host,
      fc.record({ type: fc.constant('tcp') }),
      fc.record(
        {
          tls: fc.boolean(),
          send: text,
          success_criteria: fc.array(
            fc.oneof(fc.record({ received_contains: text }), fc.record({ response_time_ms: comparison })),
            { minLength: 1, maxLength: 2 },
          ),
        },
        optional,
      ),
    ),
    fc.tuple(
      host,
      fc.record({ type: fc.constant('tls') }),
      fc.record(
        {
          insecure: fc.boolean(),
          success_criteria: fc.array(fc.oneof(...timed), { minLength: 1, maxLength: 2 }),
        },
        optional,
      ),
    ),
    fc.tuple(
      host,
      fc.record({ type: fc.constant('grpc') }),
      fc.record(
        {
          service: fc.constant('pay'),
          tls: fc.boolean(),
          success_criteria: fc.array(fc.record({ serving: fc.boolean() }), { minLength: 1, maxLength: 1 }),
        },
        optional,
      ),
    ),
    fc.tuple(
      fc.record({ type: fc.constant('dns'), host: fc.constant('a.example') }),
      fc.record(
        {
          server: fc.constant('192.0.2.1'),
          record: fc.constantFrom('A', 'CNAME', 'TXT'),
          success_criteria: fc.array(
            fc.record({ answers_contain: some(fc.constantFrom('10.0.0.1', 'b.example')) }),
            { minLength: 1, maxLength: 1 },
          ),
        },
        optional,
      ),
    ),
    fc.tuple(
      fc.record({ type: fc.constant('websocket'), url: fc.constant('wss://a.example/ws') }),
      fc.record(
        {
          headers,
          conversation: fc.constantFrom(
            [{ send: 'ping' }, { expect: { contains: 'pong' } }],
            [{ send: { json: { a: 1 } } }, { expect: { json: { '/a': 1 } } }, { close: 1000 }],
          ),
        },
        optional,
      ),
    ),
    fc.constant([{ type: 'script', run: 'a.ts' }]),
  )
  .map((parts) => Object.assign({}, ...parts));
const own: fc.Arbitrary<object> = fc.oneof(
  fc.tuple(http, sent, url).map(([some, body, to]) => ({ ...some, ...body, url: to })),
  others,
);

const channel = fc.record({
  type: fc.constantFrom('slack', 'pagerduty', 'webhook', 'email'),
  enabled: fc.boolean(),
  secret: fc.constantFrom('HOOK', 'PD_KEY'),
});
const rule = fc.record({
  name: fc.constant('down'),
  condition: fc.constantFrom(
    'consecutive_failures >= 7',
    'failures >= 3 of 5',
    'availability < 98.5% over 7d',
    'p95 > 800ms over 10m',
  ),
  severity: fc.constantFrom('warning', 'critical'),
});
const nightly = { kind: 'deny', rrule: 'FREQ=DAILY', from: '23:00', duration: '90m', zone: 'Africa/Lagos' };

export const anyFile: fc.Arbitrary<{ checks: object[]; alerting?: object; maintenance: object }> = fc
  .record({
    checks: fc.array(fc.tuple(common, own), { minLength: 1, maxLength: 3 }),
    alerting: fc.record({
      channels: fc.uniqueArray(channel, { selector: ({ type }) => type, minLength: 1 }),
      rules: fc.array(rule, { maxLength: 1 }),
    }),
  })
  .map(({ checks, alerting }) => ({
    checks: checks.map(([shared, rest], index) => ({ name: `check_${index}`, ...shared, ...rest })),
    alerting,
    maintenance: { nightly },
  }));

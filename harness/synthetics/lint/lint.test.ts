import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeProblem } from '../../errors.ts';
import { loadSynthetics } from '../load.ts';
import { lintSynthetics } from './lint.ts';

const whole = `---
version: "1.0"
checks:
  - name: health
    url: \${BASE_URL}/health
    interval: 60s
    timeout: 5s
    success_criteria:
      - response_time_ms: "<800"
    labels: {service: core}
  - name: orders
    url: \${BASE_URL}/orders?shop=\${vars.shop}
    headers: {Authorization: "Bearer \${secret.TOKEN}"}
    depends_on: [health]
    expect:
      - status == 200
alerting:
  channels:
    - {type: slack, secret: SLACK_URL, enabled: true}
  rules:
    - name: down
      condition: consecutive_failures >= 3 within 3m
      severity: warning
      escalation: on_call
    - name: slow
      condition: p95 > 800ms over 10m
      severity: warning
      min_samples: 8
      checks: [health]
  escalations:
    on_call:
      - {after: 0s, notify: [on-call], channels: [slack]}
      - {after: 15m, notify: [lead]}
environments:
  staging:
    base_url: \${vars.service_url}
    vars: {shop: main}
    secrets:
      SLACK_URL: {env: SLACK_URL}
`;

describe('linting a file of checks', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-lint-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function lint(text: string): Promise<string[]> {
    const path = join(folder, 'c.yml');
    await writeFile(path, text);
    const definition = await loadSynthetics(path, 'c.yml');
    const environments = { staging: { vars: ['service_url'], secrets: ['TOKEN'] } };
    return lintSynthetics(definition, { root: folder, environments }).map(describeProblem);
  }
  const edited = (from: string, to: string) => {
    const text = whole.replace(from, () => to);
    expect(text, 'the edit changes something').not.toBe(whole);
    return lint(text);
  };

  it('finds nothing in a file that is right', async () => {
    expect(await lint(whole)).toEqual([]);
  });

  it.each([
    // Names
    [
      'depends_on: [health]',
      'depends_on: [helth]',
      'c.yml:14:18',
      'there is no check `helth`',
      'did you mean `health`?',
    ],
    [
      'depends_on: [health]',
      'depends_on: [orders]',
      'c.yml:14:17',
      'in a circle: orders → orders',
      'none would page',
    ],
    [
      '    labels: {',
      '    depends_on: [orders]\n    labels: {',
      'c.yml:10:17',
      'in a circle: health → orders → health',
      '',
    ],
    ['checks: [health]', 'checks: [helth]', 'c.yml:29:16', 'there is no check `helth`', ''],
    [
      '      checks: [health]',
      '      match: {service: none}',
      'c.yml:25:7',
      'the rule `slow` is about no check',
      '',
    ],
    [
      'escalation: on_call',
      'escalation: oncall',
      'c.yml:24:19',
      'there is no escalation `oncall`',
      'did you mean `on_call`?',
    ],
    ['channels: [slack]', 'channels: [pager]', 'c.yml:32:51', 'there is no channel `pager`', 'known: slack'],
    ['name: slow', 'name: down', 'c.yml:25:13', 'there are two rules `down`', ''],
    ['    interval: 60s', '    maintenance: [nightly]', 'c.yml:6:19', 'there is no window `nightly`', ''],
    [
      '    interval: 60s',
      '    environments: [production]',
      'c.yml:6:20',
      'no environment `production`',
      'known: staging',
    ],
    // References
    [
      '${vars.shop}',
      '${vars.shopp}',
      'c.yml:12:34',
      '${vars.shopp} is not known in the environment `staging`',
      'did you mean `${vars.shop}`?',
    ],
    [
      '"Bearer ${secret.TOKEN}"',
      '"Bearer ${secret.OTHER}"',
      'c.yml:13:38',
      '${secret.OTHER} is not known',
      'declare it under `secrets`',
    ],
    [
      '${BASE_URL}/health',
      '${BASE}/health',
      'c.yml:5:10',
      '${BASE} is not known',
      'references are ${BASE_URL}',
    ],
    ['${BASE_URL}/health', '${capture.id}', 'c.yml:5:10', '${capture.id} is not known', 'an earlier step'],
    [
      'url: ${BASE_URL}/health',
      'url: ${BASE_URL}/a\n    capture: {first: /a}\n    steps: [{url: "${capture.first}${capture.late}", capture: {late: /b}}]',
      'c.yml:7:36',
      '${capture.late} is not known',
      'an earlier step',
    ],
    ['${BASE_URL}/health', 'http://x/${BASE_URL', 'c.yml:5:19', '`${` is never closed', 'write $${'],
    ['base_url: ${vars.service_url}', 'base_url: ${vars.url}', 'c.yml:36:15', '${vars.url} is not known', ''],
    [
      '    base_url: ${vars.service_url}\n',
      '',
      'c.yml:5:10',
      '${BASE_URL} is not known',
      'give the environment a `base_url`',
    ],
    ['secret: SLACK_URL', 'secret: SLAK', 'c.yml:19:29', 'no environment declares the secret `SLAK`', ''],
    // Time
    ['interval: 60s', 'interval: 4s', 'c.yml:7:14', 'may take 5s, and the next is due after 4s', ''],
    [
      'timeout: 5s',
      'timeout: 15s\n    retries: {count: 3, delay: 5s}',
      'c.yml:8:14',
      'may take 1m15s with its 3 retries, and the next is due after 60s',
      '',
    ],
    ['interval: 60s', 'interval: 100ms', 'c.yml:6:15', 'the interval is 100ms', 'from 1s'],
    ['timeout: 5s', 'timeout: 0s', 'c.yml:7:14', 'the time-out is nothing', ''],
    ['after: 15m', 'after: 0m', 'c.yml:33:17', 'comes 0m after the alert, and the one above it 0s', ''],
    [
      '    vars: {shop: main}',
      '    vars: {shop: main}\n    interval_override: 2s',
      'c.yml:7:14',
      'due after 2s in the environment `staging`',
      '',
    ],
    // Thresholds
    [
      'within 3m',
      'within 1m',
      'c.yml:22:18',
      '3 failures take 2m at least, and never come within 1m; so with 1 more',
      'write `within 3m`',
    ],
    [
      'failures >= 3',
      'failures >= 2',
      'c.yml:22:18',
      'takes 2 failures here, and `failure_threshold` of `health` is 3',
      '',
    ],
    [
      'consecutive_failures >= 3',
      'consecutive_failure >= 3',
      'c.yml:22:18',
      '`consecutive_failure` is nothing',
      'did you mean',
    ],
    ['p95 > 800ms over 10m', 'p95 > 800 over 10m', 'c.yml:26:24', 'expected a duration, not `800`', ''],
    [
      'p95 > 800ms over 10m',
      'p95 > 800ms over 30s',
      'c.yml:26:18',
      'a window of 30s is empty most of the time',
      '',
    ],
    ['p95 > 800ms over 10m', 'p95 > 8s over 10m', 'c.yml:26:18', '`health` ends after 5s', ''],
    [
      'min_samples: 8',
      'min_samples: 11',
      'c.yml:28:20',
      'a window of 10m holds 10 probes of `health`, and the rule wants 11',
      '',
    ],
    ['min_samples: 8', 'every: 1h', 'c.yml:28:14', 'it is judged every 1h, and looks back 10m only', ''],
    ['      escalation: on_call', '      checks: [health]', 'c.yml:11:11', 'no rule is about `orders`', ''],
    // Expectations
    ['status == 200', 'needs["x"].ok', 'c.yml:16:9', '`needs` is empty', 'facts of `http`: status'],
    ['status == 200', 'stauts == 200', 'c.yml:16:9', 'Unknown variable: stauts', 'facts here: status'],
    ['status == 200', 'status == "200"', 'c.yml:16:9', 'no such overload', ''],
    ['- response_time_ms: "<800"', '- body_matches: "("', 'c.yml:9:23', 'Invalid regular expression', ''],
    // Requests
    ['${BASE_URL}/health', 'www.example.com/health', 'c.yml:5:10', 'no URL that can be asked', 'https://'],
    ['${BASE_URL}/health', 'wss://www.example.com', 'c.yml:5:10', 'no URL that can be asked', 'https://'],
    [
      'url: ${BASE_URL}/health',
      'type: websocket\n    url: https://www.example.com',
      'c.yml:6:10',
      'no URL that can be asked',
      'wss://',
    ],
    ['depends_on', 'json: {a: 1}\n    body: a\n    depends_on', 'c.yml:15:5', '`body` is not', 'keep one'],
    ['headers: {', 'headers: {"X A": b, ', 'c.yml:13:15', 'Header name must be a valid HTTP token', ''],
    ['headers: {', 'headers: {X-A: "b\\nc", ', 'c.yml:13:15', 'Invalid character in header content', ''],
    // Files
    [
      'url: ${BASE_URL}/health',
      'type: script\n    run: nothing.ts',
      'c.yml:6:10',
      'there is no file `nothing.ts`',
      '',
    ],
    ['url: ${BASE_URL}/health', 'type: script\n    run: ../x.ts', 'c.yml:6:10', 'leaves the project', ''],
  ])('%s → %s', async (from, to, place, message, hint) => {
    const found = await edited(from, to);
    const first = found.find((problem) => problem.includes(message));
    expect(first, found.join('\n')).toContain(`${place} CONFIG_INVALID: `);
    expect(first).toContain(hint);
  });

  it('holds maintenance windows to be possible, and to deny', async () => {
    const found = await edited(
      'environments:',
      'maintenance:\n  nightly: {kind: allow, rrule: FREQ=DAILY, from: "01:00", until: "02:00", zone: Nowhere/Else}\nenvironments:',
    );
    expect(found.join('\n')).toMatch(/c\.yml:35:12 .*window `nightly`:.*Nowhere\/Else/);
    expect(found.join('\n')).toContain('c.yml:35:19 CONFIG_INVALID: window `nightly` allows');
  });

  it.each([
    ['a token in a header', 'Bearer ${secret.TOKEN}', 'Bearer 5up3r'],
    ['a password in a URL', '${BASE_URL}/health', 'https://admin:hunter2@www.example.com/'],
    ['a token in a URL', '${BASE_URL}/health', '${BASE_URL}/health?token=hunter2'],
    ['a variable', 'vars: {shop: main}', 'vars: {shop: main, api_key: hunter2}'],
    ['a webhook', 'secret: SLACK_URL', 'channel: https://hooks.slack.com/services/T0AB12CD3/B0/x'],
    ['a JWT', '${BASE_URL}/health', '${BASE_URL}/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc'],
    ['a password deep in JSON', 'depends_on', 'json: {login: {password: hunter2}}\n    depends_on'],
    ['a password in text', 'depends_on', `body: '{"user": "a", "password": "hunter2"}'\n    depends_on`],
    [
      'an argument of a program',
      'url: ${BASE_URL}/health',
      'type: script\n    run: c.yml\n    args: [--all, --api-token, hunter2]',
    ],
    ['random letters', '${BASE_URL}/health', '${BASE_URL}/q9Zt3Lw8Xc2Vb7Nm4Kj6Hg1Fd5'],
  ])('finds %s that stands in the file, and does not repeat it', async (_, from, to) => {
    const found = await edited(from, to);
    expect(found.join('\n')).toContain('declare it under `secrets` of an environment');
    expect(found.join('\n')).not.toMatch(/hunter2|5up3r|eyJ|T0AB|q9Zt/);
  });

  it.each([
    ['an id', '${BASE_URL}/health', '${BASE_URL}/6f1d2c3b-4a59-4e68-8b77-0c1d2e3f4a5b'],
    ['a long name', '${BASE_URL}/health', '${BASE_URL}/api/v2/moderation/enforcement-ping-2026/status'],
    ['JSON that is waited for', '- status == 200', `- body_text.contains('{"token":"a"}')`],
    [
      'arguments that name no secret',
      'url: ${BASE_URL}/health',
      'type: script\n    run: c.yml\n    args: [--session-timeout, 5m, --token-file, t, "--token=${secret.TOKEN}"]',
    ],
    ['a plain ${', '${BASE_URL}/health', '${BASE_URL}/$${literal}'],
    ['a cookie by reference', 'Authorization: "Bearer ${secret.TOKEN}"', 'Cookie: "sid=${secret.TOKEN}"'],
  ])('lets %s be', async (_, from, to) => {
    expect(await edited(from, to)).toEqual([]);
  });
});

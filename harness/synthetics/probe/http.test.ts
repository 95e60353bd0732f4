import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BadServer, startBadServer, startBadSocketServer } from '../../testing/bad-server.ts';
import { lookUpFrom, type ProbeContextOptions, probeContext } from '../../testing/probe-context.ts';
import type { HttpCheck } from '../check-schema.ts';
import { probe } from './probe.ts';

let server: BadServer;
let other: BadServer;
beforeAll(async () => {
  server = await startBadServer();
  other = await startBadServer();
});
afterEach(() => server.answerWith(undefined));
afterAll(() => Promise.all([server.close(), other.close()]));

function run(path: string, check: Partial<HttpCheck> = {}, options: ProbeContextOptions = {}) {
  const url = path.startsWith('/') ? `${server.url}${path}` : path;
  return probe({ name: 'check', timeout: '5s', url, ...check }, probeContext(options));
}

const to = (url: string, status = 302) => `/redirect?status=${status}&to=${encodeURIComponent(url)}`;

describe('an http probe', () => {
  it('gives facts, the parts of its time and what it saw', async () => {
    const found = await run('/health', { success_criteria: [{ status_code: [200, 401] }] });
    expect(found).toMatchObject({
      check: 'check',
      type: 'http',
      at: '2026-11-25T08:30:00.000Z',
      location: 'here',
      state: 'passed',
      facts: { status: 200, json: { status: 'ok' }, body_bytes: 15, redirects: 0, redirected_to: '' },
      saw: '{"status":"ok"}',
    });
    const { total, ...parts } = found.timings;
    expect(Object.keys(parts).sort()).toEqual(['connect', 'first_byte']);
    expect((parts.connect ?? 0) + (parts.first_byte ?? 0)).toBeLessThanOrEqual(total);
    expect(found.attempts).toHaveLength(1);
  });

  it('does not pass a 500 because it was fast, and passes one that was asked for', async () => {
    expect(await run('/500', { success_criteria: [{ response_time_ms: '<5000' }] })).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('answered 500 Internal Server Error, expected 2xx'),
    });
    expect(await run('/500', { success_criteria: [{ status_code: 500 }] })).toMatchObject({
      state: 'passed',
    });
    expect(await run('/500', { expect: ['status == 500'] })).toMatchObject({ state: 'passed' });
  });

  it('says where a redirect leads that it does not follow', async () => {
    expect(await run('/loop')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(`answered 302 Found, which redirects to ${server.url}/loop-again`),
    });
    const criteria = [{ redirects_to: `${server.url}/loop` }];
    expect(await run('/loop', { success_criteria: criteria })).toMatchObject({ state: 'passed' });
  });

  it('judges expectations on typed facts, and fails where they find nothing to read', async () => {
    const reasonFor = async (text: string) => (await run('/health', { expect: [text] })).reason ?? 'passed';
    expect(await reasonFor('status == 200 && json.status == "ok" && body_bytes < 100')).toBe('passed');
    expect(await reasonFor('json.status == "up"')).toContain(
      'does not hold `json.status == "up"`: json.status is "ok"',
    );
    expect(await reasonFor('json.version == "1"')).toContain('can be judged by: No such key: version');
  });

  it('judges every criterion of a body', async () => {
    const broken = async (criterion: object) =>
      (await run('/health', { success_criteria: [criterion] as never })).reason?.replace(
        /^\S+ \S+ | \(after.*/g,
        '',
      );
    expect(await broken({ body_json_equals: { status: 'ok' } })).toBeUndefined();
    expect(await broken({ body_json_equals: { allow: true } })).toBe(
      'sent the body {"status":"ok"}, expected {"allow":true}',
    );
    expect(await broken({ body_not_contains: 'ok' })).toBe('sent a body with "ok", which must not be in it');
    expect(await broken({ body_matches: '^<' })).toBe(
      'sent a body that does not fit /^</ (it begins {"status":"ok"})',
    );
    expect(await broken({ body_json: { '/a': 1, '': 2 } })).toBe(
      'sent a body in which /a is missing, expected 1 and the whole is {"status":"ok"}, expected 2',
    );
    expect(await broken({ headers_contain: { 'X-Trace': 'a' } })).toBe(
      'sent no header X-Trace, expected "a" in it',
    );
    expect(await broken({ certificate_days: '>14' })).toBe(
      'answered without TLS, expected a certificate with >14 days left',
    );
    expect(await broken({ redirects_to: 'https://x' })).toBe('redirected to nowhere, expected https://x');
  });

  it('unpacks what is packed, and says so of what only claims to be', async () => {
    expect(await run('/gzip', { success_criteria: [{ body_contains: 'packed words' }] })).toMatchObject({
      state: 'passed',
    });
    expect((await run('/not-gzip')).reason).toContain('sent a body that is not the gzip that it says');
    expect((await run('/fat-headers')).reason).toContain('got headers larger than 16 KiB');
  });

  it('goes through steps with what earlier ones gave, and never shows it', async () => {
    server.answerWith(({ request, answer, body }) => {
      const name =
        request.url === '/login'
          ? { token: 'tok-123456' }
          : { user: 'u1', got: [request.headers['authorization'], body] };
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(name));
    });
    const check: Partial<HttpCheck> = {
      method: 'POST',
      json: { password: '${secret.PASSWORD}' },
      capture: { token: '/token' },
      steps: [
        {
          url: '${BASE_URL}/me',
          headers: { Authorization: 'Bearer ${capture.token}' },
          body: 'hello ${secret.PASSWORD}',
        },
      ],
      success_criteria: [{ body_json: { '/got/0': 'Bearer tok-123456', '/got/1': 'hello hunter22' } }],
    };
    const found = await run('/login', check, {
      values: { BASE_URL: server.url, 'secret.PASSWORD': 'hunter22' },
    });
    expect(found).toMatchObject({ state: 'passed', facts: { steps: [{ status: 200 }, { status: 200 }] } });
    expect(found.saw).toContain('Bearer [redacted]');
    expect(JSON.stringify(found)).not.toMatch(/hunter22|tok-123456/);
  });

  it('stops at the first step that does not hold, and names it', async () => {
    const found = await run('/500', { steps: [{ url: `${server.url}/never-reached` }] });
    expect(found.reason).toContain(`step 1 of 2, GET ${server.url}/500 answered 500`);
    expect(server.asked).not.toContain('GET /never-reached');
    const missing = await run('/health', {
      capture: { id: '/id' },
      steps: [{ name: 'order', url: `${server.url}/orders/\${capture.id}` }],
    });
    expect(missing.reason).toContain('sent no single value at `/id` to capture as `id`');
  });

  it('takes user and password out of the URL that it shows', async () => {
    const url = server.url.replace('http://', 'http://ann:sesame@');
    const found = await run(`${url}/echo`, {
      expect: ['json.headers.authorization == "Basic YW5uOnNlc2FtZQ=="'],
    });
    expect(found.state).toBe('passed');
    expect(found.facts['url']).toBe(`${server.url}/echo`);
  });

  it('tells an answer that is none', async () => {
    const said = async (answer: string) => {
      const odd = await startBadSocketServer((socket) => socket.once('data', () => socket.write(answer)));
      const { reason = '' } = await run(`http://127.0.0.1:${odd.port}/`);
      await odd.close();
      return reason;
    };
    expect(await said('HTTP/1.1 101 Other\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')).toContain(
      'switched protocols (101), which nobody asked for',
    );
    expect(await said('SSH-2.0-OpenSSH_9.2\r\n')).toMatch(/that is not HTTP \(HPE_/);
    expect(await said('HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 None\r\n\r\n')).toBe('');
  });

  it('fills criteria as it fills requests', async () => {
    const values = { 'vars.STATE': 'ok', BASE_URL: server.url };
    const criteria = [{ body_json: { '/status': '${vars.STATE}' } }, { body_not_contains: '$${vars.STATE}' }];
    expect(await run('/health', { success_criteria: criteria }, { values })).toMatchObject({
      state: 'passed',
    });
  });

  it('shows nothing that a terminal would obey', async () => {
    server.answerWith(({ answer }) => answer.end('\u001b[2Jall \u202ewell\u0007\n'));
    const { reason, saw } = await run('/', { success_criteria: [{ body_contains: 'ok' }] });
    expect(reason).toContain('(it begins \ufffd[2Jall \ufffdwell\ufffd)');
    expect(saw).toBe('\ufffd[2Jall \ufffdwell\ufffd\n');
  });

  it('looks for letters in what is no text', async () => {
    server.answerWith(({ answer }) => answer.end(Buffer.from('%PDF-1.7 \xff\xfe', 'latin1')));
    const found = await run('/', { success_criteria: [{ body_contains: '%PDF-' }] });
    expect(found).toMatchObject({
      state: 'passed',
      facts: { body_text: '' },
      saw: '11 bytes that are no text',
    });
  });

  it('keeps cookies out of its facts', async () => {
    server.answerWith(({ answer }) => answer.writeHead(200, { 'set-cookie': 'session=abc' }).end());
    const found = await run('/');
    expect(found.facts['headers']).toMatchObject({ 'set-cookie': '[redacted]' });
    expect(JSON.stringify(found)).not.toContain('session=abc');
  });

  it('keeps large JSON out of its facts, but judges it', async () => {
    server.answerWith(({ answer }) =>
      answer
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ fat: 'x'.repeat(100_000), status: 'ok' })),
    );
    const found = await run('/', { expect: ['json.status == "ok"'] });
    expect(found).toMatchObject({ state: 'passed', facts: { body_bytes: expect.any(Number) } });
    expect(found.facts).not.toHaveProperty('json');
    expect(JSON.stringify(found).length).toBeLessThan(10_000);
  });
});

describe('a redirect', () => {
  it('is followed on the host that the check names, private as it is', async () => {
    const found = await run(to('/health'), { follow: 2, success_criteria: [{ redirects_to: server.url }] });
    expect(found).toMatchObject({
      state: 'passed',
      facts: { redirects: 1, redirected_to: `${server.url}/health` },
    });
  });

  it.each([
    'http://10.0.0.1/',
    'http://[::ffff:10.0.0.1]/',
    'http://[fd00::1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://0x7f.1:1/',
    'http://2130706433:1/',
    'http://localhost:1/',
    'http://inside.example:1/',
  ])('to the private %s is refused', async (target) => {
    const lookUp = lookUpFrom({ 'inside.example': ['192.168.0.9'], localhost: ['127.0.0.1'] });
    const url = `http://outside.example:${server.port}${to(target)}`;
    const names = lookUpFrom({ 'outside.example': ['127.0.0.1'] });
    const both: typeof lookUp = (host, done) =>
      host.startsWith('outside') ? names(host, done) : lookUp(host, done);
    const { state, reason } = await run(url, { follow: 3 }, { lookUp: both });
    expect(state).toBe('failed');
    expect(reason).toMatch(/a private address, which is not followed \(`follow_to_private`\)/);
  });

  it('to a private address is followed where the check says so', async () => {
    const found = await run(to(`http://localhost:${other.port}/health`), {
      follow: 1,
      follow_to_private: true,
    });
    expect(found).toMatchObject({ state: 'passed', facts: { redirects: 1 } });
  });

  it('is judged by the address at the moment of connecting, whatever the name gave before', async () => {
    const names = { 'shop.example': ['127.0.0.1'], 'rebound.example': ['127.0.0.1'] };
    const url = `http://shop.example:${server.port}${to(`http://rebound.example:${other.port}/health`)}`;
    const before = other.asked.length;
    const { reason } = await run(url, { follow: 2 }, { lookUp: lookUpFrom(names) });
    expect(reason).toContain('was redirected to rebound.example at 127.0.0.1, a private address');
    expect(other.asked).toHaveLength(before);
  });

  it('takes no credentials to another origin, and keeps them on its own', async () => {
    const headers = { authorization: 'Bearer t', 'x-api-key': 'k', cookie: 'c=1', accept: 'text/plain' };
    const away = await run(to(`${other.url}/echo`), { follow: 1, follow_to_private: true, headers });
    const seen = (away.facts['json'] as { headers: Record<string, string> }).headers;
    expect(seen).toMatchObject({ accept: 'text/plain', host: other.url.slice('http://'.length) });
    expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['x-api-key']));
    const home = await run(to('/echo'), { follow: 1, headers });
    expect(home.facts['json']).toMatchObject({ headers });
  });

  it.each([
    [301, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'words'],
    [308, 'PUT', 'PUT', 'words'],
  ])('with %i makes %s a %s', async (status, method, then, body) => {
    const found = await run(to('/echo', status), { method, body: 'words', follow: 1 });
    expect(found.facts['json']).toMatchObject({ method: then, body });
  });

  it('does not carry a body to another origin, nor lead out of HTTP', async () => {
    const away = await run(to(other.url, 307), {
      method: 'POST',
      body: 'x',
      follow: 1,
      follow_to_private: true,
    });
    expect(away.reason).toContain(
      `was redirected with its body to ${other.url}, which the check does not name`,
    );
    expect((await run(to('file:///etc/passwd'), { follow: 1 })).reason).toContain(
      'which is no address of HTTP',
    );
  });

  it('is followed as often as the check says and no more', async () => {
    const twice = to(to('/health'));
    expect(await run(twice, { follow: 2 })).toMatchObject({ state: 'passed', facts: { redirects: 2 } });
    expect((await run(twice, { follow: 1 })).reason).toContain('was redirected more than 1 time (`follow`)');
  });
});

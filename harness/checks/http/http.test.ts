import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../sources/http.ts';
import { fakeClock, type TestContextOptions, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import http from './http.ts';

let url: string;
let server: Server;
let listener: RequestListener;
beforeAll(async () => {
  server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function context(options: TestContextOptions = {}, base = url) {
  const source = async (name?: string) => createHttp({ name: name ?? 'api', url: base, clock: fakeClock() });
  return testContext({ ...options, sources: { http: source } });
}

const json = (value: unknown, status = 200): RequestListener => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
};

describe('http', () => {
  it('measures status, headers and JSON, and keeps the body', async () => {
    listener = json({ status: 'UP', checks: [{ name: 'db' }] }, 503);
    const used = context();
    const { facts } = await http.measure({ path: '/health' }, used);
    expect(facts).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/json' },
      json: { status: 'UP', checks: [{ name: 'db' }] },
      body_bytes: 40,
      steps: [{ name: 'GET /health', status: 503 }],
    });
    expect(used.artifacts.get('body.json')).toBe('{"status":"UP","checks":[{"name":"db"}]}');
  });

  it('shows the beginning of a text and gives no JSON fact for it', async () => {
    listener = (_request, response) => response.end('x'.repeat(5000));
    const { facts } = await http.measure({ path: '/' }, context());
    expect(facts.body_text).toHaveLength(4096);
    expect(facts.body_bytes).toBe(5000);
    expect(facts).not.toHaveProperty('json');
  });

  it('is an error when the content type promises JSON that is not there', async () => {
    listener = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('<html>');
    await expect(http.measure({ path: '/' }, context())).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('is an error when JSON comes in another encoding than UTF-8', async () => {
    listener = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"caf\u00e9"}', 'latin1');
    await expect(http.measure({ path: '/' }, context())).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('carries captured values from step to step, and conceals those that must not be kept', async () => {
    listener = (request, response) => {
      if (request.url === '/login') json({ token: 'abc-token-123', user: { id: 7 } })(request, response);
      else json({ url: request.url, echo: request.headers.authorization })(request, response);
    };
    const used = context();
    const { facts } = await http.measure(
      {
        steps: [
          {
            path: '/login',
            capture: { token: '/token', user: '/user/id' },
            conceal: ['/token'],
          },
          { path: '/users/${capture.user}', headers: { authorization: 'Bearer ${capture.token}' } },
        ],
      },
      used,
    );
    expect(facts.json).toEqual({ url: '/users/7', echo: 'Bearer [redacted]' });
    expect(facts.steps.map((step) => step.name)).toEqual(['GET /login', 'GET /users/${capture.user}']);
    expect([...used.artifacts.values()].join()).not.toContain('abc-token-123');
  });

  it('conceals however the answer spells it, and refuses what it can not conceal', async () => {
    const steps = [{ path: '/', conceal: ['/token'] }];
    listener = (_request, response) =>
      response.setHeader('content-type', 'application/json').end('{"token":"ab\\/cd\\/ef=="}');
    const used = context();
    const { facts } = await http.measure({ steps }, used);
    expect(facts.json).toEqual({ token: '[redacted]' });
    expect([...used.artifacts.values()].join()).toBe('{"token":"[redacted]"}');
    for (const token of [123456, { a: 'secret' }]) {
      listener = json({ token });
      await expect(http.measure({ steps }, context())).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
    }
  });

  it('captures an integer beyond 2^53 as it stands', async () => {
    const asked: (string | undefined)[] = [];
    listener = (request, response) => {
      asked.push(request.url);
      response.setHeader('content-type', 'application/json').end('{"id": 9007199254740993}');
    };
    const steps = [{ path: '/', capture: { id: '/id' } }, { path: '/things/${capture.id}' }];
    await http.measure({ steps }, context());
    expect(asked.at(-1)).toBe('/things/9007199254740993');
  });

  it('keeps no cookies', async () => {
    listener = (_request, response) => response.setHeader('set-cookie', 'session=abc-session; Path=/').end();
    const { facts } = await http.measure({ path: '/' }, context());
    expect(facts.headers['set-cookie']).toBe('[redacted]');
  });

  it('is an error when there is nothing to capture', async () => {
    listener = json({});
    const steps = [{ path: '/', capture: { id: '/id' } }];
    await expect(http.measure({ steps }, context())).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('sends a JSON body with its content type', async () => {
    let seen = '';
    listener = async (request, response) => {
      for await (const chunk of request) seen += chunk;
      seen += request.headers['content-type'];
      response.end();
    };
    await http.measure({ path: '/', method: 'POST', json: { by: '${run.id}' } }, context());
    expect(seen).toBe('{"by":"test-run"}application/json');
  });

  it('sends nothing that may write where writes are refused, nor twice', async () => {
    let asked = 0;
    listener = (_request, response) => {
      asked += 1;
      response.end();
    };
    const post = { path: '/', method: 'POST' };
    for (const given of [{ environment: { writes: false } }, { attempt: 2 }]) {
      await expect(http.measure(post, context(given))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      expect(asked).toBe(0);
    }
    await http.measure(
      { ...post, changes_nothing: true },
      context({ attempt: 2, environment: { writes: false } }),
    );
    expect(asked).toBe(1);
  });

  it.each([
    [{}, 'either `path`'],
    [{ path: '/', steps: [{ path: '/' }] }, 'either `path`'],
    [{ method: 'GET', steps: [{ path: '/' }] }, '`method` belongs into a step'],
    [{ path: '/', json: {}, body: 'x' }, 'either `json` or `body`'],
  ])('refuses the shape %j when linting and when measuring', async (options, message) => {
    const found: string[] = [];
    const report = (_path: unknown, text: string) => void found.push(text);
    await http.lint?.(options, { root: '.', environment: undefined, report });
    expect(found.join()).toContain(message);
    await expect(http.measure(options, context())).rejects.toThrow(message);
  });
});

kindContract(http, {
  working: {
    options: { path: '/echo', headers: { 'x-key': '${secret.PLANTED}' } },
    makeContext: ({ secrets, signal }) => {
      listener = (request, response) => {
        response.setHeader('x-echo', String(request.headers['x-key']));
        json({ echo: request.headers['x-key'], [`k-${request.headers['x-key']}`]: 1 })(request, response);
      };
      return context({ secrets, signal });
    },
  },
  hanging: {
    options: { path: '/${secret.PLANTED}' },
    makeContext: ({ secrets, signal }) => {
      listener = (_request, response) => void response.write('begun');
      return context({ secrets, signal });
    },
  },
  unreachable: {
    options: { path: '/${secret.PLANTED}' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }, 'http://127.0.0.1:1'),
  },
});

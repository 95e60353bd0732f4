import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaErrors } from '../../config/validate.ts';
import { createHttp } from '../../sources/http.ts';
import { fakeClock, type TestContextOptions, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import call from './call.ts';

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

describe('call', () => {
  it('sends its request once, templates filled, and keeps what came back', async () => {
    const seen: string[] = [];
    listener = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`);
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"changed":true}');
    };
    const used = context();
    const json = { flag: 'SYNC', value: true, by: '${run.id}' };
    const { facts } = await call.measure({ method: 'PUT', path: '/flags', query: { at: '1' }, json }, used);
    expect(seen).toEqual(['PUT /flags?at=1 application/json {"flag":"SYNC","value":true,"by":"test-run"}']);
    expect(facts).toMatchObject({ status: 201, json: { changed: true }, body_bytes: 16 });
    expect(used.artifacts.get('body.json')).toBe('{"changed":true}');
  });

  it('takes a redirect for the answer: what it was to change is not known to have changed', async () => {
    let asked = 0;
    listener = (_request, response) => {
      asked += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    };
    expect((await call.measure({ method: 'POST', path: '/' }, context())).facts.status).toBe(307);
    expect(asked).toBe(1);
  });

  it('is not sent again when the connection breaks: it may have taken effect', async () => {
    let asked = 0;
    listener = (request) => {
      asked += 1;
      request.socket.destroy();
    };
    const broken = call.measure({ method: 'DELETE', path: '/' }, context());
    await expect(broken).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(asked).toBe(1);
  });

  it('refuses what only reads, and two bodies', async () => {
    expect(schemaErrors(call.options, { method: 'GET', path: '/' })).not.toEqual([]);
    const options = { method: 'POST' as const, path: '/', json: {}, body: 'x' };
    const found: string[] = [];
    const report = (_path: unknown, text: string) => void found.push(text);
    await call.lint?.(options, { root: '.', environment: undefined, report });
    expect(found).toEqual(['give either `json` or `body`']);
    await expect(call.measure(options, context())).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

kindContract(call, {
  working: {
    options: { method: 'POST', path: '/', headers: { 'x-key': '${secret.PLANTED}' } },
    makeContext: ({ secrets, signal }) => {
      listener = (request, response) => {
        const key = request.headers['x-key'];
        response.writeHead(200, { 'content-type': 'application/json', 'x-echo': String(key) });
        response.end(JSON.stringify({ echo: key }));
      };
      return context({ secrets, signal });
    },
  },
  hanging: {
    options: { method: 'POST', path: '/${secret.PLANTED}' },
    makeContext: ({ secrets, signal }) => {
      listener = (_request, response) => void response.write('begun');
      return context({ secrets, signal });
    },
  },
  unreachable: {
    options: { method: 'POST', path: '/${secret.PLANTED}' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }, 'http://127.0.0.1:1'),
  },
});

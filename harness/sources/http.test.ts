import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAuthority } from '../testing/certificates.ts';
import { fakeClock } from '../testing/context.ts';
import { createHttp } from './http.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const client = (url: string, extra = {}) => createHttp({ name: 'api', url, clock: fakeClock(), ...extra });

describe('http source', () => {
  it('asks below its base URL with query, headers and body', async () => {
    let seen = '';
    const url = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen = `${request.method} ${request.url} ${request.headers['x-a']} ${body}`;
      response.setHeader('X-Answer', 'yes').end('{"ok":true}');
    });
    const answer = await client(`${url}/base/`).request({
      method: 'POST',
      path: '/things',
      query: { q: 'a b' },
      headers: { 'X-A': '1' },
      body: 'hello',
    });
    expect(seen).toBe('POST /base/things?q=a+b 1 hello');
    expect(answer.headers['x-answer']).toBe('yes');
    expect(answer.json()).toEqual({ ok: true });
  });

  it.each([
    'http://elsewhere.test/',
    '//elsewhere.test/x',
    'things',
    '/../outside',
    '/base/../../outside',
    '/%2e%2e/outside',
  ])('refuses the path %s', async (path) => {
    await expect(client('http://127.0.0.1:9/base').request({ path })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('sends the user of its URL as a header and never shows it', async () => {
    const url = await serve((request, response) => response.end(request.headers.authorization));
    const source = client(url.replace('//', '//user:p%40ss@'));
    expect(source.url).toBe(url);
    expect((await source.request({ path: '/' })).text()).toBe(`Basic ${btoa('user:p@ss')}`);
    const plain = client(url.replace('//', '//user:100%zz@'));
    expect((await plain.request({ path: '/' })).text()).toBe(`Basic ${btoa('user:100%zz')}`);
  });

  it('gives a redirect as the answer unless asked to follow', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/end') response.end('there');
      else response.writeHead(302, { location: '/end' }).end();
    });
    expect((await client(url).request({ path: '/' })).status).toBe(302);
    expect((await client(url).request({ path: '/', follow: 1 })).text()).toBe('there');
  });

  it('never follows a redirect to another origin', async () => {
    let reached = false;
    const other = await serve((_request, response) => {
      reached = true;
      response.end();
    });
    const url = await serve((_request, response) => response.writeHead(307, { location: other }).end());
    await expect(client(url).request({ path: '/', follow: 5 })).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
    });
    expect(reached).toBe(false);
  });

  it('stops reading a body that is larger than allowed', async () => {
    let open = true;
    const url = await serve((_request, response) => {
      response.on('close', () => {
        open = false;
      });
      const more = () => {
        while (open && response.write('x'.repeat(65_536)));
        if (open) response.once('drain', more);
      };
      more();
    });
    await expect(client(url).request({ path: '/', maxBytes: 100_000 })).rejects.toMatchObject({
      code: 'EVIDENCE_TOO_LARGE',
    });
  });

  it('counts the body into the time-out', async () => {
    const url = await serve((_request, response) => {
      response.write('begun');
    });
    await expect(client(url).request({ path: '/', timeoutMs: 150 })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('within 150 ms'),
    });
  });

  it('says plainly what is wrong with the connection', async () => {
    const url = await serve((_request, response) => response.end());
    await cleanups.pop()?.();
    await expect(client(url).request({ path: '/x' })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('nothing listens there'),
    });
    const plain = await serve((_request, response) => response.end());
    await expect(client(plain.replace('http:', 'https:')).request({ path: '/x' })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('does not speak TLS'),
    });
  });

  it('says how to trust a certificate of an authority that nobody knows', async () => {
    const made = makeAuthority(new Date(Date.now() + 86_400_000)).issue({
      names: ['127.0.0.1'],
      until: new Date(Date.now() + 3_600_000),
    });
    const server = createTlsServer(made, (_request, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(client(url).request({ path: '/' })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringContaining('its TLS certificate'),
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  it('never quotes the value of a header that HTTP does not allow', async () => {
    const request = client('http://127.0.0.1:9').request({ path: '/', headers: { 'x-key': 'se\ncret' } });
    await expect(request).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(request).rejects.toThrow(/^(?!.*cret).*$/s);
  });

  it('stops when the run stops', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort());
    await expect(client(url, { signal: stop.signal }).request({ path: '/' })).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
  });
});

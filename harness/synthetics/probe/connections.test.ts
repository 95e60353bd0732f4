import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startBadServer, startBadSocketServer } from '../../testing/bad-server.ts';
import { makeAuthority } from '../../testing/certificates.ts';
import { lookUpFrom, type ProbeContextOptions, probeContext } from '../../testing/probe-context.ts';
import type { HttpCheck } from '../check-schema.ts';
import { probeAll } from '../probe-all.ts';
import { Connections } from './connections.ts';
import { probe } from './probe.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const good = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A server that gets each request, and which one it is on its connection; counts connections. */
async function serve(answer: (socket: Socket, nth: number) => void) {
  const sockets: Socket[] = [];
  const server = await startBadSocketServer((socket) => {
    sockets.push(socket);
    let nth = 0;
    socket.on('data', () => answer(socket, nth++));
  });
  ends.push(() => server.close());
  return { sockets, url: `http://127.0.0.1:${server.port}`, port: server.port };
}

const faithful = () => serve((socket) => void socket.write(good));

function sharing(options: ProbeContextOptions = {}) {
  const connections = new Connections();
  ends.push(() => connections.close());
  const ask = (url: string, check: Partial<HttpCheck> = {}, more: ProbeContextOptions = {}) =>
    probe(
      { name: 'check', timeout: '5s', connection: 'kept', url, ...check },
      probeContext({ connections, ...options, ...more }),
    );
  return { connections, ask };
}

describe('connections that are kept', () => {
  it('serve the next probe of the same origin, which says so and has no time of connecting', async () => {
    const { url, sockets } = await faithful();
    const { ask, connections } = sharing();
    const first = await ask(`${url}/a`);
    expect(first).toMatchObject({ state: 'passed', facts: { reused: false } });
    expect(Object.keys(first.timings).sort()).toEqual(['connect', 'first_byte', 'total']);
    const second = await ask(`${url}/b`, { expect: ['reused && status == 200'] });
    expect(second).toMatchObject({ state: 'passed', facts: { reused: true, body_text: 'ok' } });
    expect(Object.keys(second.timings).sort()).toEqual(['first_byte', 'total']);
    expect(sockets).toHaveLength(1);
    expect(connections.size).toBe(1);
  });

  it('are for checks that ask for them, where somebody holds them', async () => {
    const { url, sockets } = await faithful();
    const { ask, connections } = sharing();
    await ask(url, { connection: 'fresh' });
    await ask(url, {}, { connections: undefined });
    expect(connections.size).toBe(0);
    expect(await ask(url)).toMatchObject({ facts: { reused: false } });
    expect(sockets).toHaveLength(3);
  });

  it('serve one probe at a time', async () => {
    const { url, sockets } = await faithful();
    const { ask } = sharing();
    await Promise.all([ask(url), ask(url), ask(url)]);
    expect(sockets).toHaveLength(3);
    const again = await Promise.all([ask(url), ask(url), ask(url)]);
    expect(again.every(({ facts }) => facts['reused'] === true)).toBe(true);
    expect(sockets).toHaveLength(3);
  });

  it('raise no false alarm when the server ends one in the moment of asking', async () => {
    const { url, sockets } = await serve((socket, nth) =>
      nth === 0 ? socket.write(good) : socket.destroy(),
    );
    const { ask } = sharing();
    await ask(url);
    const found = await ask(url);
    expect(found).toMatchObject({ state: 'passed', facts: { reused: false } });
    expect(found.attempts).toHaveLength(1);
    expect(found.timings.connect).toBeGreaterThan(0);
    expect(sockets).toHaveLength(2);
  });

  it('ask once more only: a server that hangs up on a new one too has failed', async () => {
    let up = true;
    const { url, sockets } = await serve((socket) => (up ? socket.write(good) : socket.destroy()));
    const { ask } = sharing();
    await ask(url);
    up = false;
    expect(await ask(url)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('closed before a word of an answer came'),
    });
    expect(sockets).toHaveLength(2);
  });

  it('do not hide an answer that ends half-way', async () => {
    const { url, sockets } = await serve((socket, nth) =>
      nth === 0 ? socket.write(good) : socket.end(good.slice(0, -1)),
    );
    const { ask, connections } = sharing();
    await ask(url);
    expect(await ask(url)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('closed after 1 of 2 bytes of the body'),
    });
    expect(sockets).toHaveLength(1);
    expect(connections.size).toBe(0);
  });

  it('are not used for what must not be sent twice', async () => {
    const { url, sockets } = await faithful();
    const { ask } = sharing();
    await ask(url);
    expect(await ask(url, { method: 'POST', body: 'one' })).toMatchObject({ facts: { reused: false } });
    expect(sockets).toHaveLength(2);
  });

  it('are left when something came that nobody asked for, which would be taken for the answer', async () => {
    const { url, sockets } = await faithful();
    const { ask, connections } = sharing();
    await ask(url);
    sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad');
    // Its echo is a probe of another origin: by then those bytes have come.
    const other = await faithful();
    await ask(other.url);
    expect(await ask(url)).toMatchObject({ facts: { reused: false, body_text: 'ok' } });
    expect(connections.size).toBe(2);
  });

  it.each([
    ['too old', good, 5_000],
    ['closed by the answer', good.replace('\r\n', '\r\nconnection: close\r\n'), 0],
  ])('are not used when %s', async (_, answer, later) => {
    const { url, sockets } = await serve((socket) => void socket.write(answer));
    let ahead = 0;
    const clock = { now: () => new Date(), monotonic: () => performance.now() + ahead };
    const { ask } = sharing({ clock });
    await ask(url);
    ahead = later;
    expect(await ask(url)).toMatchObject({ state: 'passed', facts: { reused: false } });
    expect(sockets).toHaveLength(2);
  });

  it('are ended with a probe that did not get its whole answer', async () => {
    const server = await startBadServer();
    ends.push(() => server.close());
    const { ask, connections } = sharing();
    await ask(`${server.url}/health`);
    expect(await ask(`${server.url}/never`, { timeout: '50ms' })).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('was not done within 50ms'),
    });
    await ask(`${server.url}/health`);
    expect(await ask(`${server.url}/huge`, { max_bytes: 10 })).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('larger than 10 bytes'),
    });
    expect(connections.size).toBe(0);
  });

  it('lead no redirect inside that a new one would not lead there', async () => {
    const server = await startBadServer();
    ends.push(() => server.close());
    const { ask, connections } = sharing({ lookUp: lookUpFrom({ 'inner.example': ['127.0.0.1'] }) });
    const inner = `http://inner.example:${server.port}/health`;
    expect(await ask(inner)).toMatchObject({ state: 'passed' });
    expect(connections.size).toBe(1);
    const there = `${server.url}/redirect?to=${encodeURIComponent(inner)}`;
    expect(await ask(there, { follow: 1 })).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('a private address, which is not followed'),
    });
  });

  it('are bounded in number, the oldest going first', async () => {
    const { port, sockets } = await faithful();
    const names = Array.from({ length: 260 }, (_, index) => `host${index}.example`);
    const lookUp = lookUpFrom(Object.fromEntries(names.map((name) => [name, ['127.0.0.1']])));
    const { ask, connections } = sharing({ lookUp });
    for (const name of names) await ask(`http://${name}:${port}`);
    expect(sockets).toHaveLength(260);
    expect(connections.size).toBe(256);
    expect(await ask(`http://host0.example:${port}`)).toMatchObject({ facts: { reused: false } });
    expect(await ask(`http://host259.example:${port}`)).toMatchObject({ facts: { reused: true } });
  });

  it('are forgotten when the server ends them', async () => {
    const { url, sockets } = await faithful();
    const { ask, connections } = sharing();
    await ask(url);
    sockets[0]?.end();
    await once(sockets[0] as Socket, 'close');
    expect(await ask(url)).toMatchObject({ state: 'passed', facts: { reused: false } });
    expect(connections.size).toBe(1);
  });
});

describe('connections with TLS that are kept', () => {
  it('are apart for each way to trust, and tell the certificate each time', async () => {
    const until = new Date(Date.now() + 30 * 86_400_000);
    const tls = makeAuthority(until).issue({ names: ['127.0.0.1'], until });
    const server = await startBadServer({ tls });
    ends.push(() => server.close());
    const { ask, connections } = sharing();
    const url = `${server.url}/health`;
    await ask(url, { insecure: true });
    const again = await ask(url, { insecure: true, success_criteria: [{ certificate_days: '>28' }] });
    expect(again).toMatchObject({
      state: 'passed',
      facts: { reused: true, certificate: { trusted: false, days_left: 29 } },
    });
    expect(Object.keys(again.timings).sort()).toEqual(['first_byte', 'total']);
    expect(await ask(url)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('certificate'),
    });
    const named = { insecure: true, server_name: 'other.example' };
    expect(await ask(url, named)).toMatchObject({ state: 'passed', facts: { reused: false } });
    expect(connections.size).toBe(2);
  });
});

describe('probeAll', () => {
  it('keeps connections for its own checks where told to, and ends them with the last', async () => {
    const { url, sockets } = await faithful();
    const check = (name: string, more: object = {}) => ({ name, url, labels: {}, ...more }) as never;
    const checks = [check('a'), check('b'), check('c', { connection: 'fresh' }), check('d')];
    const seen = await probeAll(checks, probeContext(), { concurrency: 1, keepConnections: true });
    expect(seen.map(({ facts }) => facts['reused'])).toEqual([false, true, false, true]);
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')));
    const plain = await probeAll(checks, probeContext(), { concurrency: 1 });
    expect(plain.map(({ facts }) => facts['reused'])).toEqual([false, false, false, false]);
  });
});

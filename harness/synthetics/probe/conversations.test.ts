import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { type BadSocketServer, startBadSocketServer } from '../../testing/bad-server.ts';
import { probeContext } from '../../testing/probe-context.ts';
import type { GrpcCheck, WebSocketCheck } from '../check-schema.ts';
import { encodeRequest } from './health-messages.ts';
import { probe } from './probe.ts';

const plain = (reason = '') => reason.replace(/[\d,]+ ms/g, 'N ms').replace(/127\.0\.0\.1:\d+/g, 'HOST');

describe('a websocket probe', () => {
  let server: WebSocketServer;
  let url: string;
  beforeAll(async () => {
    server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: ({ req }: { req: { url?: string } }) => req.url !== '/closed',
      handleProtocols: (offered) => [...offered][0] ?? false,
    });
    server.on('connection', (socket, request) => {
      if (request.url === '/banned') socket.close(4001, 'banned');
      if (request.url === '/flood') socket.send('x'.repeat(2_000_000));
      if (request.url === '/chatty') for (let n = 0; n <= 1_000; n += 1) socket.send(`${n}`);
      if (request.url === '/cut') socket.terminate();
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { type: string; key?: string };
        socket.send('{"type":"noise"}');
        // What is paused reads no goodbye.
        if (message.type === 'mute') socket.pause();
        if (message.type === 'ping') socket.send('{"type":"pong","key":"key-4711"}');
        if (message.type === 'echo') socket.send(JSON.stringify({ type: 'echoed', key: message.key }));
      });
    });
    await once(server, 'listening');
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    for (const client of server.clients) client.terminate();
    server.close();
    await once(server, 'close');
  });

  const run = (path: string, more: Partial<WebSocketCheck> = {}) =>
    probe(
      { name: 'socket', type: 'websocket', url: `${url}${path}`, timeout: '3s', ...more },
      probeContext(),
    );

  it('opens and closes one, with the subprotocol that it asks for', async () => {
    expect(await run('/', { subprotocol: 'v2' })).toMatchObject({
      state: 'passed',
      facts: { opened: true, subprotocol: 'v2', messages_total: 0, close_code: 1000 },
    });
  });

  it('holds a conversation, passes over what does not fit, and uses what it captured', async () => {
    const found = await run('/', {
      conversation: [
        { send: { json: { type: 'ping' } } },
        { expect: { json: { '/type': 'pong' } }, capture: { key: '/key' }, within: '2s' },
        { send: { json: { type: 'echo', key: '${capture.key}' } } },
        { expect: { contains: 'key-4711', json: { '/type': 'echoed' } } },
        { close: 4000 },
      ],
      expect: ['json.type == "echoed" && messages_total == 4'],
      success_criteria: [{ close_code: 4000 }, { received_contains: 'noise' }],
    });
    expect(found.reason).toBeUndefined();
    expect(found.state).toBe('passed');
    expect(JSON.stringify(found)).not.toContain('key-4711');
  });

  it('names the turn in which nothing that fits came, and what came instead', async () => {
    const ask = { send: { json: { type: 'hello' } } };
    const limited = await run('/', { conversation: [ask, { expect: { contains: 'pong' }, within: '80ms' }] });
    expect(plain(limited.reason)).toBe(
      'WebSocket ws://HOST/ in turn 2 waited for a message with "pong" for 80ms in vain; last came {"type":"noise"}',
    );
    const whole = await run('/', {
      conversation: [ask, { expect: { json: { '/type': 'pong' } } }],
      timeout: '150ms',
    });
    expect(plain(whole.reason)).toBe(
      'WebSocket ws://HOST/ was not done within 150ms: it waited for a message with /type = "pong"; last came {"type":"noise"}',
    );
    expect(whole.facts).toMatchObject({ opened: true, messages: ['{"type":"noise"}'] });
  });

  it('knows with which code it was closed', async () => {
    expect(await run('/banned', { conversation: [{ closed: 4001 }] })).toMatchObject({
      state: 'passed',
      facts: { close_code: 4001 },
    });
    expect(plain((await run('/banned', { conversation: [{ closed: 4003 }] })).reason)).toBe(
      'WebSocket ws://HOST/banned in turn 1 was closed with 4001, expected 4003 (after N ms)',
    );
    expect(plain((await run('/banned', { conversation: [{ expect: {} }] })).reason)).toBe(
      'WebSocket ws://HOST/banned in turn 1 had it closed with 4001 (banned) instead (after N ms)',
    );
    expect((await run('/cut', { conversation: [{ closed: 1006 }] })).state).toBe('passed');
    expect((await run('/cut', { conversation: [{ expect: {} }] })).reason).toContain(
      'had it closed with 1006 (cut off by the other side, or by us for a message that is too large',
    );
  });

  it('tells what was answered where it was not opened', async () => {
    expect(plain((await run('/closed')).reason)).toBe(
      'WebSocket ws://HOST/closed was not opened: 401 was answered, expected 101 (after N ms)',
    );
    const gone = await startBadSocketServer(() => {});
    await gone.close();
    const dead = await probe(
      { name: 'socket', type: 'websocket', url: `ws://127.0.0.1:${gone.port}` },
      probeContext(),
    );
    expect(plain(dead.reason)).toBe('WebSocket ws://HOST/ found nothing listening at HOST (after N ms)');
  });

  it('does not take messages without end', async () => {
    for (const path of ['/flood', '/chatty']) {
      const { state } = await run(path, { conversation: [{ expect: { contains: 'never' } }] });
      expect(state).toBe('failed');
    }
  });

  it('says that nobody answered its goodbye, and not what it heard before', async () => {
    const turns = [{ send: '{"type":"mute"}' }, { expect: { contains: 'noise' } }, { close: 4000 }];
    const { state, reason } = await run('/', { timeout: '500ms', conversation: turns });
    expect(state).toBe('failed');
    expect(reason).toContain('it waited for the other side to close it, too, after our 4000');
  });

  it('refuses a code that no client may close with', async () => {
    expect(await run('/', { conversation: [{ close: 1001 }] })).toMatchObject({
      state: 'error',
      reason: expect.stringContaining('a client may not close a WebSocket with 1001'),
    });
  });
});

describe('a grpc probe', () => {
  const statuses: Record<string, number> = { '': 1, orders: 1, ledger: 2 };
  let server: Server;
  let other: BadSocketServer;
  let port: number;
  beforeAll(async () => {
    server = new Server();
    server.addService(healthService, {
      check: (call: { request: Buffer }, done: (error: object | null, answer?: Buffer) => void) => {
        const service = call.request.subarray(2).toString();
        const status = statuses[service];
        if (service === 'secret') done({ code: 16, details: 'who are you?' });
        else if (status === undefined) done({ code: 5 });
        else done(null, Buffer.from([0x08, status]));
      },
    });
    port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    other = await startBadSocketServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  });
  afterAll(async () => {
    server.forceShutdown();
    await other.close();
  });

  const run = (service?: string, more: Partial<GrpcCheck> = {}) => {
    const named = service === undefined ? {} : { service };
    const check = {
      name: 'grpc',
      type: 'grpc' as const,
      host: '127.0.0.1',
      port,
      timeout: '3s',
      ...named,
      ...more,
    };
    return probe(check, probeContext());
  };

  it('asks a real server about all of it, and about one service', async () => {
    for (const service of [undefined, 'orders']) {
      expect(await run(service)).toMatchObject({
        state: 'passed',
        facts: { serving: true, health: 'SERVING', grpc_status: 0 },
      });
    }
  });

  it.each([
    ['ledger', 'gRPC health of `ledger` at HOST said NOT_SERVING, expected SERVING (after N ms)'],
    ['nobody', 'gRPC health of `nobody` at HOST said SERVICE_UNKNOWN, expected SERVING (after N ms)'],
    ['secret', 'gRPC health of `secret` at HOST answered UNAUTHENTICATED: who are you? (after N ms)'],
  ])('tells that %s does not serve', async (service, reason) => {
    const found = await run(service);
    expect(found.state).toBe('failed');
    expect(plain(found.reason)).toBe(reason);
  });

  it('passes what is not to serve', async () => {
    expect(await run('ledger', { success_criteria: [{ serving: false }] })).toMatchObject({
      state: 'passed',
    });
  });

  it('tells a server without the service, and one that is none', async () => {
    const bare = new Server();
    const barePort = await new Promise<number>((resolve, reject) => {
      bare.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    expect((await run(undefined, { port: barePort })).reason).toContain(
      'has no health service (UNIMPLEMENTED)',
    );
    bare.forceShutdown();
    expect((await run(undefined, { port: other.port })).state).toBe('failed');
  });

  it('is read by a server as any client would write it', () => {
    expect(encodeRequest('orders').subarray(5).toString('latin1')).toBe('\n\u0006orders');
  });
});

const asIs = (bytes: Buffer) => bytes;
const healthService: ServiceDefinition = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

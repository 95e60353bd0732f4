import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Role } from '#pipeline/runtime/auth.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { jwtSecret } from '#pipeline/testing/service.ts';
import { connectFlag } from './flags.ts';
import { socketLimits } from './notifications.ts';
import { demo } from './seed.ts';

let economy: TestEconomy;
let url: string;

beforeAll(async () => {
  economy = await startEconomy();
  url = (await economy.service.app.http.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws');
}, 120_000);

afterAll(() => economy?.stop());

function tokenFor(sub: string = demo.member.id, role: Role = 'MEMBER', expiresIn = 60): string {
  return mintToken(jwtSecret, { sub, role }, expiresIn);
}

interface Dial {
  token?: string | null;
  path?: string;
  protocols?: string[];
}

function dial({ token = tokenFor(), path = '/ws/notifications/', protocols = [] }: Dial = {}): WebSocket {
  return new WebSocket(`${url}${path}`, protocols, {
    ...(token !== null && { headers: { authorization: `Bearer ${token}` } }),
  });
}

async function connect(options?: Dial): Promise<WebSocket> {
  const socket = dial(options);
  await once(socket, 'open');
  return socket;
}

/** The status that a handshake is refused with. */
function refusal(socket: WebSocket): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('error', () => {});
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode);
    });
  });
}

async function ask(socket: WebSocket, message: string): Promise<unknown> {
  const [answer] = await Promise.all([once(socket, 'message'), socket.send(message)]);
  return JSON.parse(String(answer[0]));
}

const scraped = async () => (await economy.service.metrics()).split('\n');

async function hangUp(socket: WebSocket): Promise<number> {
  socket.close(1000);
  return (await once(socket, 'close'))[0];
}

describe('D1: WebSocket /ws/notifications/', () => {
  it('D1: connects with a token, answers a ping, and closes cleanly', async () => {
    for (const path of ['/ws/notifications/', '/ws/notifications']) {
      const socket = await connect({ path });
      expect(await ask(socket, '{"type":"ping"}')).toEqual({ type: 'pong' });
      expect(await hangUp(socket)).toBe(1000);
    }
  });

  it('D1: takes the token as a subprotocol, too, since a browser can send no header', async () => {
    const socket = await connect({ token: null, protocols: ['bearer', tokenFor()] });
    expect(socket.protocol).toBe('bearer');
    expect(await hangUp(socket)).toBe(1000);
  });

  it('D1: refuses the handshake without a token, with a bad one, and of another role', async () => {
    expect(await refusal(dial({ token: null }))).toBe(401);
    expect(await refusal(dial({ token: 'bad' }))).toBe(401);
    expect(await refusal(dial({ token: tokenFor('x', 'SYSTEM_INTEGRATOR') }))).toBe(403);
    expect(await refusal(dial({ path: '/no/such/path' }))).toBe(404);
    expect((await economy.as('member', 'GET', '/ws/notifications/')).status).toBe(404);
  });

  it('D1: a banned member is refused only while enforcement of connections is on', async () => {
    expect(await hangUp(await connect({ token: tokenFor(demo.banned.id) }))).toBe(1000);
    await economy.setFlag(connectFlag, true);
    expect(await refusal(dial({ token: tokenFor(demo.banned.id) }))).toBe(403);
    expect(await hangUp(await connect())).toBe(1000);
    await economy.setFlag(connectFlag, false);
  });

  it('D1: answers what it does not understand, and ends who sends binary, too much or too often', async () => {
    const socket = await connect();
    for (const message of ['{', 'null', '[]', '{"type":"subscribe"}']) {
      expect(await ask(socket, message)).toMatchObject({ type: 'error', error: { code: 'BAD_REQUEST' } });
    }
    socket.send(Buffer.from([1]));
    expect((await once(socket, 'close'))[0]).toBe(1003);
    const long = await connect();
    long.send('x'.repeat(5000));
    expect((await once(long, 'close'))[0]).toBe(1009);
    for (const send of ['{"type":"ping"}', undefined]) {
      const fast = await connect();
      for (let count = 0; count <= socketLimits.messages; count++) send ? fast.send(send) : fast.ping();
      expect((await once(fast, 'close'))[0]).toBe(1008);
    }
  });

  it('D1: one member holds no more connections than the limit, and gets one back for one that ends', async () => {
    const sockets = await Promise.all(Array.from({ length: socketLimits.perMember }, () => connect()));
    const [code] = await once(await connect(), 'close');
    expect(code).toBe(1008);
    await hangUp(sockets[0] as WebSocket);
    const next = await connect();
    expect(await ask(next, '{"type":"ping"}')).toEqual({ type: 'pong' });
    expect(await scraped()).toContain(`websocket_connections ${socketLimits.perMember}`);
    for (const socket of [...sockets.slice(1), next]) await hangUp(socket);
    expect((await scraped()).filter((line) => line.startsWith('websocket_'))).toEqual([
      'websocket_connections 0',
    ]);
  });

  it('D1: how long somebody stays connected is not counted as the time of an answer', async () => {
    const own = (await scraped()).filter((line) => line.includes('/ws/notifications/'));
    const times = own.filter((line) => line.startsWith('http_request_duration_seconds_count'));
    expect(times).not.toContainEqual(expect.stringContaining('status="200"'));
    expect(times).toContainEqual(expect.stringContaining('status="401"'));
  });

  it('D1: a connection ends with its token, and not before', async () => {
    const days = 86_400;
    const long = await connect({ token: tokenFor(demo.member.id, 'MEMBER', 30 * days) });
    expect(await ask(long, '{"type":"ping"}')).toEqual({ type: 'pong' });
    expect(await hangUp(long)).toBe(1000);
    const socket = await connect({ token: tokenFor(demo.member.id, 'MEMBER', 2) });
    expect((await once(socket, 'close'))[0]).toBe(4001);
  });

  it('D1: an upgrade of a route that takes none is refused, and the connection let go', async () => {
    for (const path of ['/health', '/api/shop/items', '/api/wallet/']) {
      expect(await refusal(dial({ path, token: null }))).toBe(400);
    }
  });

  it('D1: a service that ends says goodbye, and does not wait for who stays silent', async () => {
    const polite = await connect();
    const deaf = await connect();
    deaf.pause();
    const left = once(polite, 'close');
    await economy.service.close();
    expect((await left)[0]).toBe(1001);
    deaf.terminate();
  });
});

import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';

const soonMs = 2_000;

test('test_websocket_connect_disconnect_lifecycle_succeeds', { tag: ['@economy', '@readonly'] }, async ({
  login,
}) => {
  const { token } = await login('MEMBER');
  const socket = await connect(['bearer', token]);
  expect(socket.protocol, 'the token is not said back').toBe('bearer');

  const pong = next(socket, ['message'], 'no answer to a ping');
  socket.send('{"type":"ping"}');
  expect(JSON.parse(String(Reflect.get(await pong, 'data')))).toEqual({ type: 'pong' });

  const closed = next(socket, ['close'], 'no end');
  socket.close(1000, 'done');
  expect(await closed).toMatchObject({ code: 1000, wasClean: true });

  await expect(connect([]), 'without a token').rejects.toThrow('the connection was refused');
});

async function connect(protocols: string[]): Promise<WebSocket> {
  const url = new URL('/ws/notifications/', setting('SMOKE_SERVICE_URL').replace(/^http/, 'ws'));
  const socket = new WebSocket(url, protocols);
  const { type } = await next(socket, ['open', 'error'], 'neither open nor refused');
  if (type === 'error') throw new Error('the connection was refused');
  return socket;
}

/** The first event of these names. */
function next(socket: WebSocket, names: string[], otherwise: string): Promise<Event> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${otherwise} within ${soonMs} ms`)), soonMs);
    const done = (event: Event) => {
      clearTimeout(timer);
      resolve(event);
    };
    for (const name of names) socket.addEventListener(name, done, { once: true });
  });
}

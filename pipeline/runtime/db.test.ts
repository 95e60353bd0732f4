import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { useDatabase } from '#pipeline/testing/database.ts';
import { openDatabase } from './db.ts';

const database = useDatabase({ max: 1 });

/** In front of the database, until nothing comes through any more and nobody is told. */
async function startWire() {
  const { hostname, port } = new URL(database.url);
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.push(from);
      from.on('error', () => {}).pipe(to);
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = new URL(database.url);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    freeze: () => sockets.forEach((socket) => void socket.unpipe().pause()),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it('N9: a database that falls silent is given up soon by whoever wants short answers', async () => {
  const wire = await startWire();
  const db = openDatabase({
    url: wire.url,
    max: 1,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 400,
    applicationName: 'test',
    onIdleError() {},
  });
  try {
    await db.query('SELECT 1');
    wire.freeze();
    const asked = db.query('SELECT 1').then(
      () => 'answered',
      () => 'given up',
    );
    expect(await Promise.race([asked, sleep(3000, 'still waiting')])).toBe('given up');
  } finally {
    wire.close();
    await db.close();
  }
});

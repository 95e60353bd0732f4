import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { CountersignError } from '../errors.ts';

/** Below the range that systems hand out to outgoing connections, so that none of those takes a chosen port. */
const lowest = 15_000;
const highest = 32_000;
const attempts = 200;

export type PortChooser = (names: readonly string[]) => Promise<Record<string, number>>;

/** A free loopback port for each name. */
export const choosePorts: PortChooser = async (names) => {
  const ports: Record<string, number> = {};
  const taken = new Set<number>();
  for (const name of names) {
    const port = await freePort(taken);
    taken.add(port);
    ports[name] = port;
  }
  return ports;
};

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new CountersignError('STACK_FAILED', `no free port was found between ${lowest} and ${highest}`);
}

/** Free on every interface: a program that listens on all of them would otherwise share the port. */
async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const server = createServer();
    try {
      server.listen({ port, host, exclusive: true });
      await once(server, 'listening');
    } catch {
      return false;
    } finally {
      server.close();
    }
  }
  return true;
}

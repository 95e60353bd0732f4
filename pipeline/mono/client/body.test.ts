import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientUnderTest } from './testing.ts';

const head = { 'content-type': 'application/json' };

/** A provider that starts an answer and then does as it likes. */
async function serving(answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => answer(response));
  const closed = Promise.withResolvers<void>();
  server.on('connection', (socket) => socket.once('close', () => closed.resolve()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, closed: closed.promise };
}

describe('the body of an answer', () => {
  it('is under the same deadline as its head', async () => {
    const { baseUrl, closed } = await serving((response) => {
      response.writeHead(200, head);
      response.write('{"data":');
    });
    const { client, requests } = clientUnderTest({ baseUrl, timeoutMs: 50, retries: 0 });
    await expect(client.account('acc_1')).rejects.toMatchObject({ name: 'MonoTimeoutError' });
    expect(requests).toEqual(['GET /v2/accounts/{id} timeout']);
    await closed;
  });

  it('is refused while it streams, and the connection is given up', async () => {
    const { baseUrl, closed } = await serving((response) => {
      response.writeHead(200, head);
      const pour = () => {
        while (response.writable && response.write(' '.repeat(10_000)));
      };
      response.on('drain', pour);
      pour();
    });
    const { client } = clientUnderTest({ baseUrl, maxBodyBytes: 50_000 });
    await expect(client.account('acc_1')).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    await closed;
  });

  it('is left by a caller who aborts in the middle of it', async () => {
    const abort = new AbortController();
    const { baseUrl, closed } = await serving((response) => {
      response.writeHead(200, head);
      response.write('{"data":', () => abort.abort(new Error('shutting down')));
    });
    const { client, requests } = clientUnderTest({ baseUrl });
    await expect(client.account('acc_1', abort.signal)).rejects.toThrow('shutting down');
    expect(requests).toEqual(['GET /v2/accounts/{id} aborted']);
    await closed;
  });

  it('names the code when nobody listens', async () => {
    const { client } = clientUnderTest({ baseUrl: 'http://127.0.0.1:1', retries: 0 });
    await expect(client.account('acc_1')).rejects.toThrow(
      /^Mono GET \/v2\/accounts\/\{id\}: (ECONNREFUSED|the connection failed)$/,
    );
  });
});

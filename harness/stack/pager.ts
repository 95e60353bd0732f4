import { createServer, type IncomingMessage } from 'node:http';

/*
 * A stand-in for whoever is paged: it takes any POST and keeps it. GET /received gives all of them, oldest
 * first; `?path=/x` only those whose path starts so. DELETE /received forgets. Usage: pager PORT
 */
interface Received {
  at: string;
  path: string;
  body: unknown;
}

const mostKept = 10_000;
const largestBody = 1024 * 1024;
const kept: Received[] = [];

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://pager');
  const answer = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-simulator': 'pager' });
    response.end(`${JSON.stringify(body)}\n`);
  };
  if (url.pathname === '/received' && request.method === 'GET') {
    const prefix = url.searchParams.get('path') ?? '';
    return answer(
      200,
      kept.filter((one) => one.path.startsWith(prefix)),
    );
  }
  if (url.pathname === '/received' && request.method === 'DELETE') {
    kept.length = 0;
    return answer(200, { ok: true });
  }
  if (request.method !== 'POST') return answer(200, { ok: true, received: kept.length });
  const text = await read(request);
  if (text === undefined) return answer(413, { ok: false });
  kept.push({ at: new Date().toISOString(), path: url.pathname, body: parsed(text) });
  if (kept.length > mostKept) kept.shift();
  process.stdout.write(`${JSON.stringify(kept.at(-1))}\n`);
  // Both shapes that senders look for: Slack's `ok` and PagerDuty's `status`.
  answer(200, { ok: true, status: 'success' });
});

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

server.listen(Number(process.argv[2]), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});

import { Client, type Dispatcher, WebSocket } from 'undici';
import { CountersignError } from '../../errors.ts';
import { version } from '../../version.ts';
import { dial } from './dial.ts';
import { Inbox } from './inbox.ts';
import { Failure, type Looking } from './looking.ts';

export interface Line {
  readonly inbox: Inbox;
  readonly subprotocol: string;
  send(text: string): void;
  /** Nothing, when it is closed already. */
  close(code: number): void;
}

interface Asked {
  url: string;
  headers: Readonly<Record<string, string>> | undefined;
  subprotocol: string | undefined;
  insecure: boolean | undefined;
  serverName: string | undefined;
}

const mostBytesOfOne = 1_048_576;

/** A WebSocket over a connection of its own, opened. */
export async function openWebSocket(asked: Asked, looking: Looking): Promise<Line> {
  const { sight, ending } = looking;
  const url = parse(asked.url, looking);
  sight.subject = `WebSocket ${url.href}`;
  const seen: Seen = {};
  const client = clientFor(url, asked, seen, looking);
  const socket = new WebSocket(url, {
    ...(asked.subprotocol === undefined ? {} : { protocols: asked.subprotocol }),
    headers: { 'user-agent': `countersign/${version()}`, ...asked.headers },
    dispatcher: client,
  });
  const inbox = new Inbox();
  socket.addEventListener('message', ({ data }) => inbox.add(typeof data === 'string' ? data : '[binary]'));
  socket.addEventListener('close', ({ code, reason }) => inbox.close({ code, reason }));
  ending.onEnd(() => void client.destroy());
  await opened(socket, url, seen);
  looking.lap('first_byte');
  return {
    inbox,
    subprotocol: socket.protocol,
    send: (text) => socket.send(text),
    close: (code) => close(socket, code),
  };
}

/** What the library keeps to itself when a WebSocket does not open. */
interface Seen {
  status?: number;
  trouble?: unknown;
  dialed?: boolean;
}

function clientFor(url: URL, { insecure, serverName }: Asked, seen: Seen, looking: Looking): Client {
  const secure = url.protocol === 'wss:';
  const origin = `${secure ? 'https' : 'http'}://${url.host}`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const target = {
    host,
    port: Number(url.port || (secure ? 443 : 80)),
    tls: secure ? { insecure, serverName } : undefined,
  };
  return new WatchedClient(seen, origin, {
    webSocket: { maxPayloadSize: mostBytesOfOne },
    connect: (_options, done) => {
      seen.dialed = true;
      dial(target, looking).then(
        ({ socket }) => {
          looking.sight.stage = 'the WebSocket to be opened';
          done(null, socket);
        },
        (thrown: unknown) => {
          seen.trouble = thrown;
          done(thrown instanceof Error ? thrown : new Error(String(thrown)), null);
        },
      );
    },
  });
}

class WatchedClient extends Client {
  readonly #seen: Seen;

  constructor(seen: Seen, ...rest: ConstructorParameters<typeof Client>) {
    super(...rest);
    this.#seen = seen;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const started = handler.onResponseStart?.bind(handler);
    handler.onResponseStart = (controller, status, ...rest) => {
      this.#seen.status = status;
      started?.(controller, status, ...rest);
    };
    return super.dispatch(options, handler);
  }
}

function opened(socket: WebSocket, url: URL, seen: Seen): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(seen.trouble ?? refusal(url, seen)), { once: true });
  });
}

function refusal(url: URL, { status, dialed }: Seen): Failure | CountersignError {
  if (!dialed) {
    return new CountersignError('CONFIG_INVALID', `no client opens a WebSocket to ${url.host}`, {
      hint: 'some ports of other protocols are closed to WebSockets by the standard of fetch',
    });
  }
  if (status === undefined)
    return new Failure(`had the connection closed by ${url.host} before it was opened`);
  return new Failure(`was not opened: ${status} was answered, expected 101`);
}

function parse(text: string, { context }: Looking): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol)) {
    throw new CountersignError('CONFIG_INVALID', `\`${context.redact(text)}\` is no URL of ws or wss`);
  }
  url.hash = '';
  return url;
}

function close(socket: WebSocket, code: number): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  try {
    socket.close(code);
  } catch {
    throw new CountersignError('CONFIG_INVALID', `a client may not close a WebSocket with ${code}`, {
      hint: 'clients close with 1000, or a code of their own from 3000 to 4999',
    });
  }
}

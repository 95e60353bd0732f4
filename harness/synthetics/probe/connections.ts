import { isPrivate } from './address.ts';
import type { Dialed, Target } from './dial.ts';

/** A connection that was used before. */
export interface Kept extends Dialed {
  /** Bytes that had come over it before this use. */
  readonly bytesBefore: number;
}

interface Idle extends Dialed {
  key: string;
  /** Bytes that had come when it was given back. */
  bytes: number;
  /** On the monotonic clock. */
  since: number;
}

/** Many servers end a connection after five idle seconds. */
const idleMs = 4_000;
const mostIdle = 256;

/**
 * Connections that stay open between probes, each lent to one at a time. Has no timers: what is too old is ended when
 * somebody asks for it. Whoever makes it closes it.
 */
export class Connections {
  readonly #byKey = new Map<string, Idle[]>();
  /** The one that has waited longest first. */
  readonly #idle = new Set<Idle>();
  readonly #known = new WeakSet<object>();
  #closed = false;

  /** One that leads where a new one to this target would, with the same TLS; undefined where a new one is needed. */
  take(target: Target, now: number): Kept | undefined {
    const list = this.#byKey.get(keyOf(target));
    for (let idle = list?.at(-1); idle; idle = list?.at(-1)) {
      this.#forget(idle);
      const { socket, address, bytes } = idle;
      // Bytes that nobody asked for would be taken for the answer to what is asked next.
      const fit = socket.writable && socket.bytesRead === bytes && now - idle.since < idleMs;
      // A look-up may give another address by now, which is then judged.
      if (fit && !(target.publicOnly && isPrivate(address))) {
        return { socket, address, letGo: idle.letGo, bytesBefore: bytes };
      }
      socket.destroy();
    }
    return undefined;
  }

  /** Takes a connection back, whose last answer came whole. */
  giveBack(target: Target, { socket, address, letGo }: Dialed, now: number): void {
    if (this.#closed || !socket.writable) {
      socket.destroy();
      return;
    }
    const key = keyOf(target);
    const idle: Idle = { key, socket, address, letGo, bytes: socket.bytesRead, since: now };
    const list = this.#byKey.get(key);
    if (list) list.push(idle);
    else this.#byKey.set(key, [idle]);
    this.#idle.add(idle);
    if (!this.#known.has(socket)) {
      this.#known.add(socket);
      socket.once('close', () => this.#forgetSocket(socket, key));
    }
    const [oldest] = this.#idle;
    if (oldest && this.#idle.size > mostIdle) {
      this.#forget(oldest);
      oldest.socket.destroy();
    }
  }

  /** How many wait to be used again. */
  get size(): number {
    return this.#idle.size;
  }

  /** Ends those that nobody uses, and the others when they are given back. */
  close(): void {
    this.#closed = true;
    for (const idle of [...this.#idle]) {
      this.#forget(idle);
      idle.socket.destroy();
    }
  }

  #forgetSocket(socket: Dialed['socket'], key: string): void {
    const idle = this.#byKey.get(key)?.find((each) => each.socket === socket);
    if (idle) this.#forget(idle);
  }

  #forget(idle: Idle): void {
    this.#idle.delete(idle);
    const list = this.#byKey.get(idle.key);
    if (!list) return;
    list.splice(list.lastIndexOf(idle), 1);
    if (list.length === 0) this.#byKey.delete(idle.key);
  }
}

/** Everything by which connections may differ, as one text. */
function keyOf({ host, port, tls }: Target): string {
  if (!tls) return `${host} ${port}`;
  return JSON.stringify([host, port, tls.insecure === true, tls.serverName ?? host, tls.protocols ?? []]);
}

import type { Clock } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import { pause } from '../gate/pause.ts';

export interface Post {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface DeliveryOptions {
  clock: Clock;
  signal: AbortSignal;
  /** For one try. Default 5,000. */
  timeoutMs?: number;
  /** Pauses before the second and the third try. Default 500 and 2,000. */
  pausesMs?: readonly number[];
}

/** Posts, and tries again where it may help. An error says what came back and never where it was sent. */
export async function deliver(post: Post, options: DeliveryOptions): Promise<void> {
  const { signal, timeoutMs = 5_000, pausesMs = [500, 2_000] } = options;
  let tried = await tryOnce(post, signal, timeoutMs);
  for (const wait of pausesMs) {
    if (tried.done || !tried.again || signal.aborted) break;
    await pause(wait, signal);
    tried = await tryOnce(post, signal, timeoutMs);
  }
  if (!tried.done) throw new CountersignError('SOURCE_ANSWER', tried.why);
}

type Try = { done: true } | { done: false; again: boolean; why: string };

async function tryOnce(post: Post, signal: AbortSignal, timeoutMs: number): Promise<Try> {
  try {
    const response = await fetch(post.url, {
      method: 'POST',
      headers: post.headers,
      body: post.body,
      // A signature is for one receiver: it is not carried on to wherever that one points.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    if (response.ok) return { done: true };
    const again = response.status === 429 || response.status >= 500;
    return { done: false, again, why: `it answered ${response.status}` };
  } catch (thrown) {
    return { done: false, again: true, why: whyNot(thrown, timeoutMs) };
  }
}

/** The code alone: messages of the network name the address. */
function whyNot(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  const { code, name } = cause as { code?: unknown; name?: unknown };
  return `it could not be reached (${String(code ?? name ?? 'unknown')})`;
}

import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { formatDuration } from '../config/duration.ts';
import { messageOf } from '../errors.ts';
import { describeExit, failureOf, type StackProcess } from './processes.ts';

export interface Readiness {
  /** Throws while it is not ready. */
  probe(signal: AbortSignal): Promise<void>;
  withinMs: number;
  signal: AbortSignal;
}

const betweenProbesMs = 40;
const oneProbeMs = 2_000;

/** Probes a process until it is ready; its early end or the time limit is an error with the end of its log. */
export async function whenReady(started: StackProcess, readiness: Readiness): Promise<void> {
  const deadline = performance.now() + readiness.withinMs;
  let last = 'nothing was tried';
  while (performance.now() < deadline) {
    readiness.signal.throwIfAborted();
    if (!started.isAlive()) {
      throw await failureOf(`${describeExit(await started.exited)} before it was ready`, started);
    }
    try {
      return await readiness.probe(AbortSignal.any([readiness.signal, AbortSignal.timeout(oneProbeMs)]));
    } catch (thrown) {
      last = messageOf(thrown);
    }
    await pause(betweenProbesMs);
  }
  throw await failureOf(`was not ready within ${formatDuration(readiness.withinMs)} (${last})`, started);
}

/** A task is done when it has ended with 0. */
export async function whenDone(
  started: StackProcess,
  { withinMs, signal }: Omit<Readiness, 'probe'>,
): Promise<void> {
  const late = AbortSignal.timeout(withinMs);
  const stopped = new Promise<'stopped'>((done) => {
    AbortSignal.any([late, signal]).addEventListener('abort', () => done('stopped'), { once: true });
  });
  const exit = await Promise.race([started.exited, stopped]);
  signal.throwIfAborted();
  if (exit === 'stopped') throw await failureOf(`was not done within ${formatDuration(withinMs)}`, started);
  if (exit.code !== 0) throw await failureOf(describeExit(exit), started);
}

export function answersHttp(url: string): Readiness['probe'] {
  return async (signal) => {
    const answer = await fetch(url, { signal, redirect: 'manual' });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  };
}

export function acceptsConnections(port: number): Readiness['probe'] {
  return (signal) =>
    new Promise((done, fail) => {
      const socket = connect({ host: '127.0.0.1', port, signal });
      socket.once('connect', () => {
        socket.destroy();
        done();
      });
      socket.once('error', fail);
    });
}

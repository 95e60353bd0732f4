import { CountersignError } from '../errors.ts';

/** A person stopped it: with Ctrl-C, or by aborting without another reason. A fault of the program is no such thing. */
export function isInterrupted(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof DOMException && signal.reason.name === 'AbortError';
}

/** Aborted with the given signal, but only if a person stopped it. */
export function interruptOf(signal: AbortSignal): AbortSignal {
  const interrupt = new AbortController();
  const hear = () => {
    if (isInterrupted(signal))
      interrupt.abort(new CountersignError('INTERRUPTED', 'the run was interrupted'));
  };
  if (signal.aborted) hear();
  else signal.addEventListener('abort', hear, { once: true });
  return interrupt.signal;
}

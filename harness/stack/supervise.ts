import { pickEnvironment, readEnvironments } from '../config/project.ts';
import { CountersignError, describeError } from '../errors.ts';
import { startStack } from './stack.ts';
import type { StackReport } from './up.ts';

/*
 * The owner of a stack that `countersign stack up` leaves running. It reports to the command that started it, and
 * ends the stack when it is told to, or when that command goes away before the stack is ready.
 * Usage: supervise ROOT ENVIRONMENT REHEARSE
 */
const [root = '', name = '', rehearse = '1'] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const abandoned = () => stop.abort();
process.once('disconnect', abandoned);

const report = (message: StackReport) =>
  new Promise<void>((done) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => done());
    else done();
  });

try {
  const environment = pickEnvironment(await readEnvironments(root), name);
  const stack = await startStack(environment, {
    root,
    env: process.env,
    onSecret: () => {},
    rehearse: Number(rehearse),
    signal: stop.signal,
    say: (line) => void report({ line }),
  });
  process.off('disconnect', abandoned);
  await report({ ready: true });
  if (process.connected) process.disconnect();
  if (!stop.signal.aborted) {
    // A pending promise keeps no process alive, so something has to.
    const hold = setInterval(() => {}, 2 ** 30);
    await new Promise((done) => stop.signal.addEventListener('abort', done, { once: true }));
    clearInterval(hold);
  }
  await stack.stop();
} catch (thrown) {
  const { code, hint, message } =
    thrown instanceof CountersignError
      ? thrown
      : { code: 'INTERNAL' as const, hint: undefined, message: describeError(thrown) };
  await report({ failed: { code, message, ...(hint ? { hint } : {}) } });
  process.exitCode = 3;
  if (process.connected) process.disconnect();
}

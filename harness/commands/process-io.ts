import type { Io, Terminal } from './command.ts';

/** Time to wind up after an error that nobody caught. */
const windUpMs = 30_000;

export interface ProcessIo {
  io: Io;
  finish(): Promise<void>;
  /** Once stdout has taken all that was written; what it could not take, such as on a full disk, is a fault. */
  written(): Promise<void>;
  /** The first error that nobody caught, such as one thrown in a timer of a check. */
  fault(): { thrown: unknown } | undefined;
}

/** Io over a Node process. The first signal aborts; the second one ends the process at once. */
export function processIo(from: NodeJS.Process): ProcessIo {
  const controller = new AbortController();
  const cleanUps: (() => Promise<void> | void)[] = [];
  let signals = 0;
  let fault: { thrown: unknown } | undefined;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) from.exit(130);
    controller.abort(new DOMException('interrupted', 'AbortError'));
  };
  // Without this the process would end at once with 1, which means NO_GO, and leave its children running.
  from.on('uncaughtException', (thrown: unknown) => {
    fault ??= { thrown };
    controller.abort(thrown);
    setTimeout(() => from.exit(3), windUpMs).unref();
  });
  from.on('SIGINT', onSignal);
  from.on('SIGTERM', onSignal);
  from.on('SIGHUP', onSignal);
  // A reader that went away (`| head`) is no error of ours.
  from.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') fault ??= { thrown: error };
  });
  from.stderr.on('error', () => {});
  return {
    io: {
      stdout: terminal(from.stdout, from.env),
      stderr: terminal(from.stderr, from.env),
      env: from.env,
      cwd: from.cwd(),
      signal: controller.signal,
      askSecret: async (prompt) => (await import('./ask-secret.ts')).askSecret(from, prompt),
      onExit: (cleanUp) => void cleanUps.push(cleanUp),
    },
    fault: () => fault,
    written: () => new Promise((resolve) => from.stdout.write('', () => resolve())),
    async finish() {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
      from.off('SIGINT', onSignal);
      from.off('SIGTERM', onSignal);
      from.off('SIGHUP', onSignal);
    },
  };
}

function terminal(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTTY = stream.isTTY === true;
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0';
  const colour = !env['NO_COLOR'] && env['TERM'] !== 'dumb' && (isTTY || forced);
  return {
    isTTY: isTTY && !env['CI'],
    columns: stream.columns ?? 100,
    colour,
    write: (text) => void stream.write(text),
  };
}

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Environment, StackConfig } from '../config/environments.ts';
import { resolveEnvironment, type StackValues } from '../config/resolve.ts';
import { sensitiveParts } from '../config/secrets.ts';
import { CountersignError } from '../errors.ts';
import { stackDigest } from './digest.ts';
import { generatedSecrets, partsOf, portNames, startParts } from './parts.ts';
import { choosePorts, type PortChooser } from './ports.ts';
import { Processes } from './processes.ts';
import { compressionOf } from './prometheus.ts';
import {
  clearLeftovers,
  readState,
  recordOf,
  type StackState,
  stackFolder,
  stateFile,
  workFolder,
  writeState,
} from './state.ts';

export interface StackOptions {
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Gets every secret value before anyone else, so that it can be redacted. */
  onSecret(value: string): void;
  /** Divides scrape and evaluation intervals, `for`, range selectors and Alertmanager's waits. Default 1. */
  rehearse?: number;
  signal?: AbortSignal;
  say?(line: string): void;
  /** For tests of port collisions. */
  choosePorts?: PortChooser;
}

export interface RunningStack {
  readonly state: StackState;
  /** True when another process keeps it up: then `stop` leaves it alone. */
  readonly reused: boolean;
  stop(): Promise<void>;
}

/** Two programs may still want one port: then everything starts again on other ports. */
const portAttempts = 3;
const portTaken = /address already in use|EADDRINUSE/i;

/** Starts what the environment's `stack` lists, or joins the same stack that is up already. */
export async function startStack(environment: Environment, options: StackOptions): Promise<RunningStack> {
  const { stack } = environment;
  if (!stack) {
    throw new CountersignError('CONFIG_INVALID', `the environment \`${environment.name}\` has no stack`, {
      hint: 'only an environment with `stack` can be started here; others are used where they run',
    });
  }
  const { root, rehearse = 1 } = options;
  const databaseUrl = stack.postgres ? options.env['DATABASE_URL'] : undefined;
  const digest = await stackDigest(environment, { root, databaseUrl, rehearse });
  const running = await readState(root, environment.name);
  if (running) return join(running, digest, options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startAnew({ environment, stack, options, digest, databaseUrl });
    } catch (thrown) {
      const again = thrown instanceof CountersignError && portTaken.test(thrown.message);
      if (!again || attempt === portAttempts) throw thrown;
      options.say?.('a port was taken by another program; starting again on other ports');
    }
  }
}

function join(running: StackState, digest: string, options: StackOptions): RunningStack {
  if (running.digest !== digest) {
    throw new CountersignError(
      'STACK_FAILED',
      `another stack of \`${running.environment}\` is up (process ${running.owner.pid}), made from other settings`,
      { hint: `\`countersign stack down --env ${running.environment}\` ends it` },
    );
  }
  for (const secret of Object.values(running.secrets)) sensitiveParts(secret).forEach(options.onSecret);
  return { state: running, reused: true, stop: async () => {} };
}

interface Start {
  environment: Environment;
  stack: StackConfig;
  options: StackOptions;
  digest: string;
  databaseUrl: string | undefined;
}

async function startAnew(start: Start): Promise<RunningStack> {
  const { environment, stack, options, digest, databaseUrl } = start;
  const { root, env, rehearse = 1, say = () => {}, signal = new AbortController().signal } = options;
  const dir = stackFolder(root, environment.name);
  await mkdir(dir, { recursive: true });
  await clearLeftovers(dir);
  const hidden = new Set<string>();
  const onSecret = (value: string) => {
    hidden.add(value);
    options.onSecret(value);
  };
  const values = await makeValues(start, dir, onSecret);
  const resolved = await resolveEnvironment(environment, { root, env, stackState: values, onSecret });
  const processes = new Processes(dir);
  try {
    await processes.removeAtEnd(workFolder(dir));
    await processes.removeAtEnd(stateFile(dir));
    const parts = partsOf(stack, databaseUrl !== undefined);
    const work = workFolder(dir);
    await startParts(parts, { root, work, env, values, resolved, processes, rehearse, signal, say });
    const alive = processes.started.filter((started) => started.isAlive());
    const state: StackState = {
      schema: 1,
      environment: environment.name,
      ...values,
      owner: await recordOf('owner', process.pid),
      digest,
      compression: compressionOf(stack.prometheus, rehearse),
      startedAt: new Date().toISOString(),
      processes: await Promise.all(alive.map(({ name, pid }) => recordOf(name, pid))),
    };
    await writeState(state);
    return { state, reused: false, stop: () => processes.end() };
  } catch (thrown) {
    await processes.end();
    throw hideSecrets(thrown, hidden);
  }
}

async function makeValues(
  start: Start,
  dir: string,
  onSecret: (value: string) => void,
): Promise<StackValues> {
  const { environment, stack, options, databaseUrl } = start;
  const ports = await (options.choosePorts ?? choosePorts)(portNames(stack));
  const secrets: Record<string, string> = {};
  for (const [name, bytes] of generatedSecrets(environment))
    secrets[name] = randomBytes(bytes).toString('hex');
  if (stack.postgres) {
    const password = randomBytes(16).toString('hex');
    secrets['DATABASE_URL'] =
      databaseUrl ??
      `postgres://countersign:${password}@127.0.0.1:${ports['postgres']}/${encodeURIComponent(stack.postgres.database)}`;
  }
  for (const secret of Object.values(secrets)) sensitiveParts(secret).forEach(onSecret);
  return { dir, ports, secrets };
}

/** The end of a log may quote a secret that the service printed. */
function hideSecrets(thrown: unknown, hidden: ReadonlySet<string>): unknown {
  if (!(thrown instanceof CountersignError)) return thrown;
  let message = thrown.message;
  for (const secret of hidden) message = message.replaceAll(secret, '[redacted]');
  return new CountersignError(thrown.code, message, { hint: thrown.hint, cause: thrown.cause });
}

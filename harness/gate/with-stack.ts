import type { CheckContext, Clock } from '../checks/define.ts';
import type { Environment } from '../config/environments.ts';
import { confine } from '../config/project.ts';
import { type ResolvedEnvironment, resolveEnvironment } from '../config/resolve.ts';
import { makeSources } from '../sources/index.ts';
import { type RunningStack, startStack } from '../stack/stack.ts';
import { findTool } from '../tools/find.ts';
import type { Redactor } from './redact.ts';

export interface Ground {
  environment: Environment;
  project: { readonly root: string };
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  /** Divides the stack's intervals and the rules' durations. Default 1. */
  rehearse?: number | undefined;
  say(line: string): void;
}

/** Does the work with the environment resolved, and ends a stack that it started, whatever happens. */
export async function withStack<T>(
  ground: Ground,
  redactor: Redactor,
  work: (resolved: ResolvedEnvironment, stack: RunningStack | undefined) => Promise<T>,
): Promise<T> {
  const stack = await startedStack(ground, redactor);
  try {
    const resolved = await resolveEnvironment(ground.environment, {
      root: ground.project.root,
      env: ground.env,
      ...(stack ? { stackState: stack.state } : {}),
      onSecret: (value) => redactor.add(value),
    });
    return await work(resolved, stack);
  } finally {
    await stack?.stop();
  }
}

async function startedStack(ground: Ground, redactor: Redactor): Promise<RunningStack | undefined> {
  if (!ground.environment.stack) return undefined;
  ground.say(`starting the local stack of \`${ground.environment.name}\``);
  const from = ground.clock.monotonic();
  const stack = await startStack(ground.environment, {
    root: ground.project.root,
    env: ground.env,
    onSecret: (value) => redactor.add(value),
    signal: ground.signal,
    ...(ground.rehearse ? { rehearse: ground.rehearse } : {}),
  });
  const seconds = ((ground.clock.monotonic() - from) / 1_000).toFixed(1);
  ground.say(
    stack.reused
      ? 'the local stack is up already, with what earlier runs left in it'
      : `the local stack is ready (${seconds} s)`,
  );
  return stack;
}

type OfEnvironment = Omit<
  CheckContext,
  'gate' | 'runId' | 'item' | 'attempt' | 'needs' | 'artifact' | 'progress'
>;

/** What every check on this environment is given alike. Whoever asks closes the sources. */
export function contextOn(ground: Ground, resolved: ResolvedEnvironment, redactor: Redactor): OfEnvironment {
  const { environment, env, clock, signal, rehearse } = ground;
  const { root } = ground.project;
  return {
    environment: { ...resolved.view, ...(environment.stack && rehearse ? { rehearse } : {}) },
    sources: makeSources(resolved, { signal, clock, root }),
    signal,
    clock,
    root,
    resolve: (path) => confine(root, path),
    tool: async (name) => (await findTool(name, { env, root })).path,
    secret: (name) => resolved.secret(name),
    redact: (text) => redactor.text(text),
    log: () => {},
  };
}

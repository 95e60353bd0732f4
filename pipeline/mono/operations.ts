import { ServiceError } from '#pipeline/runtime/errors.ts';

export interface RetryPolicy {
  /** Tries of one job, the first included. */
  attempts: number;
  delaySeconds: number;
  backoff: 'exponential' | 'none';
}

export interface Operation {
  name: string;
  serviceRole: string;
  /** The stage under which its time and its errors are counted. */
  stage: Stage | null;
  retry: RetryPolicy;
  /** Where it goes when every try has failed; null when a failure is a rejected row instead. */
  deadLetterTopic: string | null;
}

export const stages = ['sync', 'transform', 'persist'] as const;
export type Stage = (typeof stages)[number];

export const serviceRole = 'mono_open_banking';

/** Retry, routing, metrics and dead letters all take the names and the policies from here. */
export const operations = {
  fetch: {
    name: 'mono.fetch_transactions',
    serviceRole,
    stage: 'sync',
    retry: { attempts: 4, delaySeconds: 1, backoff: 'exponential' },
    deadLetterTopic: 'mono.fetch.failed',
  },
  transform: {
    name: 'mono.transform_transaction',
    serviceRole,
    stage: 'transform',
    retry: { attempts: 1, delaySeconds: 0, backoff: 'none' },
    deadLetterTopic: null,
  },
  sync: {
    name: 'sync_banking_transactions',
    serviceRole,
    stage: null,
    retry: { attempts: 4, delaySeconds: 5, backoff: 'exponential' },
    deadLetterTopic: 'mono.fetch.pipeline',
  },
} as const satisfies Record<string, Operation>;

export type Handlers = ReadonlyMap<string, unknown>;

/** Every problem of the registry, so that fail-fast can name them all at once. */
export function findRegistryProblems(registry: readonly Operation[], handlers: Handlers): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const operation of registry) {
    const { name, retry } = operation;
    if (!/^[a-z][a-z_]*(\.[a-z_]+)*$/.test(name)) problems.push(`operation "${name}" is badly named`);
    if (names.has(name)) problems.push(`operation ${name} is declared twice`);
    names.add(name);
    if (!handlers.has(name)) problems.push(`operation ${name} has no handler`);
    if (operation.serviceRole === '') problems.push(`operation ${name} has no service role`);
    if (!Number.isInteger(retry.attempts) || retry.attempts < 1) {
      problems.push(`operation ${name} is tried ${retry.attempts} times`);
    }
    if (operation.deadLetterTopic !== null && !operation.deadLetterTopic.startsWith('mono.fetch.')) {
      problems.push(`operation ${name} has a dead-letter topic outside mono.fetch.*`);
    }
  }
  for (const name of handlers.keys()) {
    if (!names.has(name)) problems.push(`handler ${name} belongs to no operation`);
  }
  return problems;
}

export interface RegistryCheck {
  validate: boolean;
  failFast: boolean;
  warn(problem: string): void;
}

export function validateRegistry(
  registry: readonly Operation[],
  handlers: Handlers,
  check: RegistryCheck,
): void {
  if (!check.validate) return;
  const problems = findRegistryProblems(registry, handlers);
  if (problems.length === 0) return;
  if (check.failFast) throw new ServiceError('REGISTRY_INVALID', problems.join('; '));
  for (const problem of problems) check.warn(problem);
}

import type { Environment } from '../config/environments.ts';
import type { SignOff } from './schema.ts';

/** What a report says of its environment; it follows from the copy of the declaration that lies beside it. */
export function shownEnvironment(environment: Environment): Omit<SignOff['environment'], 'sha256'> {
  const simulators = Object.entries(environment.sources ?? {}).flatMap(([name, source]) =>
    'simulated' in source && source.simulated ? [name] : [],
  );
  return {
    name: environment.name,
    title: environment.title,
    rehearsal: environment.rehearsal,
    zone: environment.zone ?? 'UTC',
    simulators,
  };
}

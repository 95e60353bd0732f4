import type { ResolvedEnvironment, StackValues } from '../config/resolve.ts';
import type { Processes } from './processes.ts';

/** What a part of the stack may use while it starts. */
export interface PartContext {
  root: string;
  /** Folder for everything but logs; gone when the stack is. */
  work: string;
  env: Readonly<Record<string, string | undefined>>;
  values: StackValues;
  resolved: ResolvedEnvironment;
  processes: Processes;
  /** Divides every waiting time; 1 leaves them alone. */
  rehearse: number;
  signal: AbortSignal;
  say(line: string): void;
}

/** One thing that the stack starts. It resolves when the thing is ready. */
export interface StackPart {
  name: string;
  needs: readonly string[];
  start(context: PartContext): Promise<void>;
}

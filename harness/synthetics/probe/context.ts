import type { Clock } from '../../checks/define.ts';
import type { ToolName } from '../../tools/define.ts';
import type { Connections } from './connections.ts';

export interface Address {
  address: string;
  family: number;
}

/** Every address of a host name, or the error that `dns.lookup` gives. */
export type LookUp = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly Address[]) => void,
) => void;

/** What a probe may touch. One context serves any number of probes at once; whoever makes it owns schedule and secrets. */
export interface ProbeContext {
  /** The moment that this probe is for: when it was due, not when it got its turn. */
  readonly at: Date;
  /** Where it is probed from. */
  readonly location: string;
  readonly clock: Clock;
  /** Ends the probe: it then throws what the signal gives as reason. */
  readonly signal: AbortSignal;
  /** Folder of the project. */
  readonly root: string;
  /** Absolute path of a file of the project; throws PATH_ESCAPES. */
  resolve(path: string): string;
  /** Path of an external program; throws TOOL_MISSING. */
  tool(name: ToolName): Promise<string>;
  /** What stands for `BASE_URL`, `vars.NAME` or `secret.NAME`; throws CountersignError for what is not known. */
  value(name: string): Promise<string>;
  /** Takes every secret out of a text that has been given by `value`. */
  redact(text: string): string;
  /** How Playwright is set up in this project, for checks of type `browser`. */
  readonly playwright?: {
    config?: string;
    projects?: readonly string[];
    env?: Readonly<Record<string, string>>;
  };
  /** For checks with `connection: kept`; without it they too open connections of their own. Its maker closes it. */
  readonly connections?: Connections;
  /** Default: the system's own, hosts file included. */
  readonly lookUp?: LookUp;
}

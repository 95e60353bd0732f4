import { createContext, Script } from 'node:vm';
import { codeOf } from './trouble.ts';

const room: { work?: () => unknown } = createContext({});
const call = new Script('work()');

/**
 * What synchronous work gives, or undefined when it was not done within so many milliseconds: a pattern can take years
 * for a text that somebody chose, and neither a timer nor Ctrl-C is heard meanwhile.
 */
export function withinTime<T>(milliseconds: number, work: () => T): { value: T } | undefined {
  room.work = work;
  try {
    return { value: call.runInContext(room, { timeout: milliseconds }) as T };
  } catch (thrown) {
    if (codeOf(thrown) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw thrown;
  } finally {
    delete room.work;
  }
}

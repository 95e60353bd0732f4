import { ServiceError } from '#pipeline/runtime/errors.ts';

export interface SyncWindow {
  /** `full` asks for all there is, `incremental` for what came since the cursor, less an overlap. */
  mode: 'incremental' | 'full';
  /** YYYY-MM-DD; either one makes it a manual resync of that range. */
  start?: string | undefined;
  end?: string | undefined;
}

/** Before any history: without a start Mono gives only the most recent rows. */
const beginning = '1970-01-01';
const dayMs = 86_400_000;

export function resolveWindow(
  window: SyncWindow,
  cursor: string | null,
  overlapDays: number,
): { start: string; end: string | undefined } {
  const { start, end } = window;
  for (const day of [start, end]) if (day !== undefined) assertDay(day);
  if (start !== undefined && end !== undefined && start > end) {
    throw new ServiceError('BAD_REQUEST', 'the window ends before it starts');
  }
  if (start !== undefined || end !== undefined) return { start: start ?? beginning, end };
  if (window.mode === 'full' || cursor === null) return { start: beginning, end: undefined };
  const from = new Date(Date.parse(cursor) - overlapDays * dayMs);
  return { start: from.toISOString().slice(0, 10), end: undefined };
}

/** May the cursor go to the end of this window? Not over a gap between what is stored and where it begins. */
export function reachesBack(start: string, cursor: string | null): boolean {
  return start <= (cursor?.slice(0, beginning.length) ?? beginning);
}

function assertDay(day: string): void {
  const at = Date.parse(`${day}T00:00:00Z`);
  // PostgreSQL knows no year 0, and no bank has rows from before there were computers.
  if (Number.isNaN(at) || day < beginning || new Date(at).toISOString().slice(0, 10) !== day) {
    throw new ServiceError('BAD_REQUEST', `"${day}" is no day of the form YYYY-MM-DD, from ${beginning} on`);
  }
}

import { expect, it } from 'vitest';
import { historyOf } from './history.ts';
import type { JournalEntry } from './journal.ts';

const at = '2026-11-25T08:30:00.000Z';

function entries(...lines: [type: string, data: unknown][]): JournalEntry[] {
  return lines.map(([type, data], index) => ({ seq: index + 1, at, prev: '', hash: '', type, data }));
}

const kept = (sha256: string) => ({ name: 'live/1/body.json', media_type: 'text/plain', sha256, bytes: 1 });
const begun = ['attempt-started', { id: 'live', attempt: 1 }] as [string, unknown];

it('takes evidence of an attempt that was cut off for gone, once it was measured again to other bytes', () => {
  const { records } = historyOf(
    entries(
      begun,
      ['evidence-kept', kept('a')],
      ['run-resumed', { after_line: 2, gap_ms: 1 }],
      begun,
      ['evidence-kept', kept('b')],
      ['attempt-finished', { id: 'live', attempt: 1, state: 'passed' }],
    ),
  );
  expect(records.map(({ sha256 }) => sha256)).toEqual(['b']);
});

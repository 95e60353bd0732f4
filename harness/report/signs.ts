import type { ItemState } from './schema.ts';

/** One sign a state, in the terminal and on the page; the word always stands beside it. */
export const signs: Record<ItemState, string> = {
  passed: '✓',
  flaky: '≈',
  failed: '✗',
  error: '!',
  blocked: '·',
  pending: '…',
  waived: '~',
  rehearsed: '○',
};

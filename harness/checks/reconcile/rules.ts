import { parseDuration } from '../../config/duration.ts';
import { isZone } from '../../config/zone.ts';
import { CountersignError } from '../../errors.ts';
import { parseInstant } from './instant.ts';
import { createShowKey } from './mask.ts';
import type { Dimensions, Rules } from './normalise.ts';
import type { ReconcileOptions, SideOptions } from './options.ts';

export type Finding = { path: (string | number)[]; message: string; hint?: string };

/** What no schema can say. One list for the linter and for the run, so that neither knows more than the other. */
export function findMistakes(options: ReconcileOptions): Finding[] {
  const { left, right, window, ignore = [] } = options;
  const found: Finding[] = [...sideMistakes('left', left), ...sideMistakes('right', right)];
  if ((left.columns.sign === 'gross') !== (right.columns.sign === 'gross')) {
    found.push({
      path: ['right', 'columns', 'sign'],
      message: 'one side is gross and the other net: their totals mean different things',
      hint: 'declare both gross, or say how each side tells debit from credit',
    });
  }
  if ((window?.from ?? window?.to) !== undefined && !(left.columns.at && right.columns.at)) {
    found.push({ path: ['window'], message: 'a window needs `columns.at` on both sides' });
  }
  const zone = window?.zone;
  if (zone !== undefined && !isZone(zone))
    found.push({ path: ['window', 'zone'], message: `there is no zone \`${zone}\`` });
  ignore.forEach((rule, index) => {
    const path = ['ignore', index];
    const sides = rule.side ? [options[rule.side]] : [left, right];
    if (rule.status === undefined && rule.younger_than === undefined) {
      found.push({ path, message: 'the rule names no rows', hint: 'give `status`, `younger_than` or both' });
    }
    if (rule.status && sides.some(({ columns }) => !columns.status)) {
      found.push({ path: [...path, 'status'], message: 'the side has no `columns.status`' });
    }
    if (rule.younger_than && sides.some(({ columns }) => !columns.at)) {
      found.push({ path: [...path, 'younger_than'], message: 'the side has no `columns.at`' });
    }
  });
  return found;
}

function sideMistakes(label: 'left' | 'right', { sql, api, columns }: SideOptions): Finding[] {
  const found: Finding[] = [];
  if ((sql === undefined) === (api === undefined)) {
    found.push({ path: [label], message: 'a side has either `sql` or `api`' });
  }
  const paging = api && api.paging !== 'none' ? api.paging : undefined;
  if ((paging?.limit === undefined) !== (paging?.limit_param === undefined)) {
    found.push({
      path: [label, 'api', 'paging'],
      message: '`limit` and `limit_param` come together',
      hint: 'without the other, neither does anything',
    });
  }
  const zone = columns.at?.zone;
  if (zone !== undefined && !isZone(zone)) {
    found.push({ path: [label, 'columns', 'at', 'zone'], message: `there is no zone \`${zone}\`` });
  }
  const { sign } = columns;
  const both = typeof sign === 'object' ? sign.debit.filter((word) => sign.credit.includes(word)) : [];
  if (both.length > 0) {
    found.push({
      path: [label, 'columns', 'sign'],
      message: `\`${both[0]}\` is declared as debit and as credit`,
    });
  }
  return found;
}

export function refuseMistakes(options: ReconcileOptions): void {
  const [first] = findMistakes(options);
  if (first) {
    const hint = first.hint === undefined ? {} : { hint: first.hint };
    throw new CountersignError('CONFIG_INVALID', `${first.path.join('.')}: ${first.message}`, hint);
  }
}

export function readRules(options: ReconcileOptions, zone: string, now: Date): Rules {
  const { left, right, window, ignore = [] } = options;
  const shared = (field: keyof Dimensions) => Boolean(left.columns[field] && right.columns[field]);
  return {
    dimensions: { type: shared('type'), status: shared('status'), at: shared('at') },
    precision: options.instants ?? 'ms',
    zone,
    showKey: createShowKey(options.mask_keys ?? false),
    from: edge(window?.from, zone),
    to: edge(window?.to, zone),
    ignore: ignore.map((rule) => ({
      ...rule,
      ...(rule.younger_than ? { bornAfter: now.getTime() - parseDuration(rule.younger_than) } : {}),
    })),
  };
}

function edge(text: string | undefined, zone: string): number | undefined {
  if (text === undefined) return undefined;
  const parsed = parseInstant(text, zone);
  if (typeof parsed === 'number') return parsed;
  throw new CountersignError('CONFIG_INVALID', `window: ${parsed.why}`, {
    hint: 'give an RFC 3339 instant, or a day such as 2026-11-20',
  });
}

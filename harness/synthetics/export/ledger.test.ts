import { describe, expect, it } from 'vitest';
import type { Loss } from './define.ts';
import { openLedger } from './ledger.ts';
import { lossReport } from './loss-report.ts';
import { hasCapture, partsOf, rewrite, secretsIn, variableOf } from './templates.ts';

describe('the ledger', () => {
  it('names every field that nobody took, unless it says nothing', () => {
    const losses: Loss[] = [];
    const check = { url: 'u', retries: { count: 2, delay: '1s' }, tags: [], labels: {}, follow: undefined };
    const ledger = openLedger('web', check, losses);
    expect(ledger.take('url')).toBe('u');
    ledger.rest((field) => `no ${field} there`);
    ledger.rest('told once');
    expect(losses).toEqual([
      { check: 'web', field: 'retries', said: '{"count":2,"delay":"1s"}', why: 'no retries there' },
    ]);
  });

  it('leads to the place of what stands inside', () => {
    const losses: Loss[] = [];
    const inside = openLedger('web', {}, losses).inside('success_criteria.1', { body_matches: 'x' });
    inside.lose('body_matches', inside.take('body_matches'), 'no expressions', 'pat(x)');
    inside.rest('never');
    expect(losses).toEqual([
      {
        check: 'web',
        field: 'success_criteria.1.body_matches',
        said: 'x',
        became: 'pat(x)',
        why: 'no expressions',
      },
    ]);
  });

  it('bounds what it repeats, and sorts keys so that the same file gives the same report', () => {
    const losses: Loss[] = [];
    const ledger = openLedger('web', { b: 'x'.repeat(500), a: { z: 1, a: [2] } }, losses);
    ledger.rest('no');
    expect(losses.map(({ said }) => said)).toEqual([`${'x'.repeat(119)}…`, '{"a":[2],"z":1}']);
  });
});

describe('the report of losses', () => {
  it('says so where nothing was lost', () => {
    expect(lossReport([], 'gatus')).toBe('gatus: nothing was lost\n');
  });

  it('groups by check, with what became of it and why', () => {
    const losses = [
      { check: 'web', field: 'interval', said: '90s', became: '2m', why: 'whole minutes' },
      { check: 'web', field: 'retries', said: '2', why: 'it never retries' },
    ];
    expect(lossReport(losses, 'k8s-cronjob')).toBe(
      'k8s-cronjob: 2 losses\nweb\n  interval: 90s became 2m\n    whole minutes\n  retries: 2 is left out\n    it never retries\n',
    );
  });
});

describe('templates of a resolved check', () => {
  it('are told apart from plain text', () => {
    expect(partsOf('a ${secret.api-key} ${b} $${secret.X} ${capture.id}')).toEqual([
      { text: 'a ' },
      { secret: 'api-key' },
      { text: ' ${b} ${secret.X} ' },
      { capture: 'id' },
    ]);
  });

  it('are written in another notation', () => {
    const notation = {
      text: (plain: string) => plain.replaceAll('$', '$$$$'),
      secret: (name: string) => `\${${variableOf(name)}}`,
      capture: (name: string) => `<${name}>`,
    };
    expect(rewrite('cost $5 ${secret.api-key} ${capture.id}', notation)).toBe('cost $$5 ${api_key} <id>');
  });

  it('are found however deep they are', () => {
    const value = { headers: { a: '${secret.ONE}' }, list: ['${secret.TWO} ${secret.ONE}', 3, null] };
    expect(secretsIn(value)).toEqual(['ONE', 'TWO']);
    expect([hasCapture(value), hasCapture(['${capture.id}'])]).toEqual([false, true]);
  });
});

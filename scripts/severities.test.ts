import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { classOf, readSeverities, recoveryLine } from '#scripts/severities.ts';

const text = readFileSync(join(import.meta.dirname, '../alerts/severities.yml'), 'utf8');

describe('D6: severities.yml', () => {
  it('D6: holds the documented times', () => {
    const { classes } = readSeverities(text);
    expect(Object.entries(classes).map(([name, { target, max }]) => [name, target, max])).toEqual([
      ['critical', '15m', '30m'],
      ['high', '30m', '1h'],
      ['medium', '1h', '4h'],
      ['low', '4h', '24h'],
    ]);
  });

  it.each([
    ['a class that is missing', /^ {2}low: .*\n/m, '', 'low'],
    [
      'a column that nobody knows',
      'means: service down',
      'means: service down, colour: red',
      '/classes/critical',
    ],
    ['a severity that nobody has', 'severity: info', 'severity: notice', '/classes/low/severity'],
    ['a time that is none', 'target: 15m', 'target: soon', '`soon` is not a duration'],
    ['a target over its max', 'target: 15m', 'target: 31m', 'critical: its target is not below its max'],
    ['a class that is faster than a worse one', 'max: 24h', 'max: 4h', 'low: it is not slower than medium'],
    ['a criticality twice', 'criticality: low', 'criticality: high', 'two classes have the same criticality'],
    [
      'a default of another severity',
      'info: low',
      'info: high',
      'info: its default high is of another severity',
    ],
  ] as const)('D6: refuses %s', (_name, from, to, problem) => {
    const broken = text.replace(from, to);
    expect(broken).not.toBe(text);
    expect(() => readSeverities(broken)).toThrow(problem);
  });

  it('D6: knows the criticality of every synthetic check', () => {
    const { classes } = readSeverities(text);
    const known = Object.values(classes).map(({ criticality }) => criticality as string);
    const { checks } = parse(
      readFileSync(join(import.meta.dirname, '../synthetics/uptime_checks.yml'), 'utf8'),
    ) as { checks: { labels: Record<string, string> }[] };
    expect(checks.length).toBeGreaterThan(0);
    for (const { labels } of checks) expect(known).toContain(labels['criticality']);
  });

  it('D6: gives an alert the class of its label, else the default of its severity', () => {
    const table = readSeverities(text);
    expect(classOf(table, { severity: 'warning' })).toBe('high');
    expect(classOf(table, { severity: 'warning', mttr_class: 'medium' })).toBe('medium');
    expect(() => classOf(table, { severity: 'warning', mttr_class: 'low' })).toThrow(
      'not for severity warning',
    );
    expect(() => classOf(table, { severity: 'warning', mttr_class: 'lowest' })).toThrow('no class lowest');
    expect(() => classOf(table, {})).toThrow('no severity');
    expect(recoveryLine(table, 'medium')).toBe('**Recovery** class medium: within 1h, at most 4h.');
  });
});

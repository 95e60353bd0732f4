import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Guard } from '#scripts/guard.ts';
import { guards } from '#scripts/guards.ts';
import { without } from '#scripts/mutate-guards.ts';

const threats = Array.from({ length: 24 }, (_, index) => `T${index + 1}` as const);
const table = (await readFile('harness/sign/threats.md', 'utf8'))
  .split('\n')
  .filter((line) => /^\| T\d+ \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, threat = '', attempt = '', stop = '', tests = '']) => ({
    threat,
    attempt,
    files: [...stop.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file),
    tests: [...tests.matchAll(/`([\w./-]+\.test\.ts)`: (.+?)(?=<br>|$)/g)].map(
      ([, file = '', title = '']) => ({
        file,
        title: title.trim(),
      }),
    ),
  }));

describe('the table of threats', () => {
  it('has each of them once, in order', () => {
    expect(table.map(({ threat }) => threat)).toEqual(threats);
  });

  it.each(table)('$threat names what stops it, and tests that are there and name it', async (row) => {
    expect(row.attempt).not.toBe('');
    expect(row.files.length).toBeGreaterThan(0);
    for (const file of row.files) await readFile(`harness/${file}`);
    expect(row.tests.length).toBeGreaterThan(0);
    for (const { file, title } of row.tests) {
      expect(title).toMatch(new RegExp(`^${row.threat}: `));
      expect(await readFile(`harness/${file}`, 'utf8')).toContain(`'${title}`);
    }
  });

  it.each(threats)(
    '%s has a guard that can be taken out, and every one of its tests is in the table',
    (threat) => {
      const ours = guards.filter((guard) => guard.threat === threat);
      expect(ours.length).toBeGreaterThan(0);
      const named = table.find((row) => row.threat === threat)?.tests ?? [];
      const held = ({ test, title }: Guard) =>
        named.some((one) => {
          const [begin = ''] = one.title.split('%');
          return test === `harness/${one.file}` && (title.startsWith(begin) || begin.startsWith(title));
        });
      expect(ours.filter((guard) => !held(guard))).toEqual([]);
    },
  );
});

it.each(guards)('$threat: the guard stands in $file, exactly once', async (guard) => {
  const changed = without(await readFile(guard.file, 'utf8'), guard);
  expect(changed).toBeDefined();
  expect(guard.title).toMatch(new RegExp(`^${guard.threat}: `));
});

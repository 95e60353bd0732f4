import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestDigest, manifestText } from './manifest.ts';

const entry = fc.record({
  name: fc.string({ minLength: 1 }),
  sha256: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
  bytes: fc.nat(),
});

test('a manifest has one line a file, sorted by name and then by digest', () => {
  const files = [
    { name: 'b.txt', sha256: '1'.repeat(64), bytes: 3 },
    { name: 'a.txt', sha256: '2'.repeat(64), bytes: 2 },
    { name: 'a.txt', sha256: '0'.repeat(64), bytes: 1 },
  ];
  expect(manifestText(files)).toBe(
    `${'0'.repeat(64)}  1  a.txt\n${'2'.repeat(64)}  2  a.txt\n${'1'.repeat(64)}  3  b.txt\n`,
  );
});

test('the digest does not depend on the order in which files are listed', () => {
  fc.assert(
    fc.property(fc.array(entry), (files) => manifestDigest(files) === manifestDigest([...files].reverse())),
  );
});

test('two lists of files with the same digest are the same files', () => {
  fc.assert(
    fc.property(fc.array(entry), fc.array(entry), (left, right) => {
      const same = JSON.stringify([...left].map(line).sort()) === JSON.stringify([...right].map(line).sort());
      return (manifestText(left) === manifestText(right)) === same;
    }),
  );
});

test('a line break in a name can not make one file look like two', () => {
  const digest = 'a'.repeat(64);
  expect(manifestText([{ name: `x\n${digest}  1  y`, sha256: digest, bytes: 1 }]).split('\n')).toHaveLength(
    2,
  );
});

function line(file: { name: string; sha256: string; bytes: number }): string {
  return JSON.stringify([file.name, file.sha256, file.bytes]);
}

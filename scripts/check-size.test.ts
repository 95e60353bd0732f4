import { expect, test } from 'vitest';
import { checkSize, functionsIn } from '#scripts/check-size.ts';

const lines = (count: number) => Array.from({ length: count }, (_, index) => `  work(${index});`).join('\n');

test('a file of 300 lines passes and one of 301 is found', () => {
  expect(checkSize({ path: 'a.ts', text: `${lines(300)}\n` })).toEqual([]);
  expect(checkSize({ path: 'a.ts', text: `${lines(301)}\n` })).toEqual([
    { path: 'a.ts', line: 301, message: 'the file has 301 lines, over 300' },
  ]);
});

test.each([
  ['a declaration', 'function f(a: string) {'],
  ['a return type with brackets', 'async function f(): Promise<{ a: string } | undefined> {'],
  ['an arrow', 'const f = async (a) => {'],
  ['a method', 'class A {\n  run({ a, b }: Options): void {'],
])('%s of 60 lines passes and one of 61 is found', (_name, head) => {
  const close = head.includes('class') ? '\n}\n}' : '\n}';
  expect(checkSize({ path: 'a.ts', text: `${head}\n${lines(58)}${close}` })).toEqual([]);
  const [finding] = checkSize({ path: 'a.ts', text: `${head}\n${lines(59)}${close}` });
  expect(finding?.message).toBe('the function has 61 lines, over 60');
});

test('blocks, classes, types and groups of tests are no functions', () => {
  for (const head of [
    'if (a) {',
    'for (const a of b) {',
    'class A {',
    'interface A {',
    'const a = {',
    "describe('x', () => {",
  ]) {
    expect(checkSize({ path: 'a.ts', text: `${head}\n${lines(80)}\n}` })).toEqual([]);
  }
});

test('a class after a function is no part of it', () => {
  const text = `function f(a: string): string {\n  return a;\n}\n\nclass A {\n${lines(80)}\n}`;
  expect(functionsIn(text)).toEqual([{ line: 1, length: 3 }]);
});

test('braces in strings, templates, comments and regular expressions do not count', () => {
  const text =
    "function f() {\n  const a = '{';\n  const b = `{${g('}')}`;\n  // {\n  return /[{/]/.test(a);\n}";
  expect(functionsIn(text)).toEqual([{ line: 1, length: 6 }]);
});

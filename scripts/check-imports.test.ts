import { expect, test } from 'vitest';
import { checkImports, importsOf } from '#scripts/check-imports.ts';

const messages = (...files: [path: string, text: string][]) =>
  checkImports(files.map(([path, text]) => ({ path, text }))).map(
    ({ path, line, message }) => `${path}:${line} ${message}`,
  );

test('harness that imports the pipeline is found, relative or not', () => {
  expect(messages(['harness/a.ts', "\nimport { x } from '../pipeline/x.ts';"])).toEqual([
    'harness/a.ts:2 harness may not import `../pipeline/x.ts`, which is outside harness',
  ]);
  expect(messages(['harness/a.ts', "import x from '#pipeline/x.ts';"])[0]).toContain('imports relatively');
  expect(messages(['harness/a.test.ts', "await import('../scripts/x.ts');"])[0]).toContain('outside harness');
});

test('harness that names a verified system is found, in a comment too', () => {
  const name = ['Ne', 'pXy'].join('');
  expect(messages(['harness/a.ts', `// for ${name}`])[0]).toContain('a system that it verifies');
  expect(messages(['harness/a.ts', 'font-family: ui-monospace; monotonic()'])).toEqual([]);
  expect(messages(['harness/a.test.ts', `const x = '${name}'`])).toEqual([]);
});

test('a check kind gets its world from the context alone', () => {
  const kind = (specifier: string) =>
    messages(['harness/checks/sql/sql.ts', `import { x } from '${specifier}';`]);
  expect(kind('../../gate/run.ts')[0]).toContain('a check kind may not import');
  expect(kind('../http/http.ts')[0]).toContain('a check kind may not import');
  for (const open of [
    '../define.ts',
    '../../sources/define.ts',
    '../../errors.ts',
    './rows.ts',
    '../../type.ts',
    'node:zlib',
  ]) {
    expect(kind(open)).toEqual([]);
  }
});

test('nothing in harness loads all of TypeBox', () => {
  const of = (line: string) => messages(['harness/gate/schema.ts', line]);
  expect(of("import Type from 'typebox';")[0]).toContain('harness/type.ts');
  expect(of("import { Check } from 'typebox/value';")[0]).toContain('harness/type.ts');
  expect(of("import type { Static } from 'typebox';")).toEqual([]);
});

test('the pure core is impure by what it imports, too', () => {
  expect(messages(['harness/gate/plan.ts', "import { readFile } from 'node:fs/promises';"])).toHaveLength(1);
  expect(
    messages(
      ['harness/gate/plan.ts', "import { x } from './near.ts';"],
      ['harness/gate/near.ts', "import { connect } from 'node:net';"],
    ),
  ).toEqual([
    'harness/gate/near.ts:1 may not import `node:net`: harness/gate/plan.ts is pure and reaches this file',
  ]);
  expect(
    messages(
      ['harness/gate/plan.ts', "import type { X } from './near.ts';"],
      ['harness/gate/near.ts', "import { connect } from 'node:net';"],
    ),
  ).toEqual([]);
});

test('domains of the pipeline meet only through their index', () => {
  const from = (path: string, specifier: string) => messages([path, `import { x } from '${specifier}';`]);
  expect(from('pipeline/payouts/a.ts', '#pipeline/mono/sync.ts')[0]).toContain('import its index.ts');
  expect(from('pipeline/payouts/a.ts', '#pipeline/mono/index.ts')).toEqual([]);
  expect(from('pipeline/app.ts', './mono/sync.ts')[0]).toContain('import its index.ts');
  expect(from('pipeline/mono/a.ts', './b.ts')).toEqual([]);
  expect(from('pipeline/mono/a.ts', '#pipeline/runtime/db.ts')).toEqual([]);
  expect(from('pipeline/runtime/a.ts', '#pipeline/mono/index.ts')[0]).toContain('a foundation may not know');
});

test('imports are read in all their shapes, and not from comments or strings', () => {
  const text = [
    "import type { A } from './a.ts';",
    'import {',
    '  b,',
    "} from './b.ts';",
    "import './c.ts';",
    "export * from './d.ts';",
    "const e = await import('./e.ts');",
    "// import { f } from './f.ts';",
    "/* import './g.ts'; */",
  ].join('\n');
  const found = importsOf({ path: 'harness/x.ts', text });
  expect(found.map(({ specifier, line }) => `${specifier} ${line}`)).toEqual([
    './a.ts 1',
    './b.ts 2',
    './c.ts 5',
    './d.ts 6',
    './e.ts 7',
  ]);
  expect(found[0]?.typeOnly).toBe(true);
});

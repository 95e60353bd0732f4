import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { parsePlainYaml } from './plain-yaml.ts';

const repo = join(import.meta.dirname, '../..');

/** What the parser of all of YAML says, with the options of yaml.ts. */
function parseAll(text: string): { value: unknown } | undefined {
  const document = parseDocument(text, { uniqueKeys: true, strict: true, merge: true, logLevel: 'error' });
  if (document.errors.length + document.warnings.length > 0) return undefined;
  return { value: document.toJS() };
}

/** Of how many texts the plain part had something to say. */
let read = 0;

function expectAlike(text: string): void {
  const plain = parsePlainYaml(text);
  if (plain !== undefined) read += 1;
  if (plain !== undefined) expect(plain, JSON.stringify(text)).toEqual(parseAll(text));
}

const file = `---
# a comment
version: "1.0"
checks:
  - name: health
    url: \${BASE_URL}/health?a=1&b=2#top
    interval: 60s # each minute
    retries: {count: 3, delay: 1s}
    success_criteria:
    - status_code: [200, 401]
    - response_time_ms: "<800"
    - body_contains: 'it''s ok'
    - body_json_equals: {allow: true, at: null, n: 1.5, list: []}
    labels: {}
    depends_on:
  - name: other
    type: dns
environments:

  local: {base_url: http://127.0.0.1:8080/x, vars: {a: "b: c"}}
`;

describe('the plain part of YAML', () => {
  beforeEach(() => {
    read = 0;
  });

  it('is read as by the parser of all of it', () => {
    expect(parsePlainYaml(file)).toEqual(parseAll(file));
    expect(parsePlainYaml(file)?.value).toMatchObject({
      version: '1.0',
      checks: [{ name: 'health', interval: '60s', labels: {}, depends_on: null }, { name: 'other' }],
    });
  });

  it('leaves everything else alone', () => {
    for (const text of [
      '',
      'text',
      'a: |\n  text\n',
      'a: >-\n  text\n',
      'a: &x 1\nb: *x\n',
      'a: !!str 1\n',
      'a: 1\na: 2\n',
      'a: "\\u0041"\n',
      'a: one\n  two\n',
      'a: {b: 1,\n  c: 2}\n',
      'a:\n\t- 1\n',
      '? a\n: b\n',
      '- - 1\n',
      'a: 1\n---\nb: 2\n',
      '--- \n# a comment\na: 1\n',
      '<<: {a: 1}\n',
      'a: 0x1F\n',
      'a: 1e3\n',
      'a: @x\n',
      'a: b: c\n',
      '__proto__: {a: 1}\n',
      'true: 1\n',
      'a: 1\n b: 2\n',
      'a: {b: 1, b: 2}\n',
      'a: [1, , 2]\n',
    ]) {
      expect(parsePlainYaml(text), text).toBeUndefined();
    }
  });

  it('holds the files of this repo', async () => {
    for (const path of ['synthetics/uptime_checks.yml', 'checklists/windows.yml', 'checklists/signers.yml']) {
      expectAlike(await readFile(join(repo, path), 'utf8'));
    }
    expect(parsePlainYaml(await readFile(join(repo, 'synthetics/uptime_checks.yml'), 'utf8'))).toBeDefined();
  });

  it('agrees on whatever a program writes', () => {
    const leaf = fc.oneof(
      fc.constantFrom('a', 'b c', '60s', 'x: y', '#1', '', 'null', "it's"),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.dictionary(
        fc.constantFrom('a', 'b', 'c-d', 'true', '1'),
        fc.oneof(
          leaf,
          fc.array(tie('tree'), { maxLength: 3 }),
          fc.array(leaf, { maxLength: 3 }),
          tie('tree'),
        ),
        { maxKeys: 4 },
      ),
    }));
    const options = fc.record({
      indent: fc.constantFrom(2, 4),
      indentSeq: fc.boolean(),
      lineWidth: fc.constant(0),
      collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
      singleQuote: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), tree), options, (value, how) =>
        expectAlike(stringify(value, how)),
      ),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(30);
  });

  it('agrees on a file with slips in it, or leaves it alone', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        ':',
        ': ',
        '- ',
        '#',
        ' #',
        ',',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '|',
        '>',
        '&a',
        '*a',
      ),
      fc.constantFrom(
        '!',
        '%',
        '@',
        '?',
        '~',
        '<<: ',
        '0',
        '0x1',
        '1e3',
        '.5',
        '-1',
        '+1',
        'null',
        'True',
        'yes',
        '\\n',
        '---',
        '\n---\n',
        'é',
      ),
      fc.string({ maxLength: 3 }),
    );
    const slip = fc.record({ at: fc.nat(file.length), drop: fc.nat(3), put: piece });
    fc.assert(
      fc.property(fc.array(slip, { minLength: 1, maxLength: 3 }), (slips) => {
        let text = file;
        for (const { at, drop, put } of slips) text = text.slice(0, at) + put + text.slice(at + drop);
        expectAlike(text);
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('agrees on lines of all kinds put together', () => {
    const word = fc.constantFrom(
      'a',
      'b c',
      '1',
      '01',
      '1.50',
      '-1',
      '.5',
      '0o7',
      'null',
      '~',
      'True',
      'no',
      '60s',
      '2026-11-22',
      '12:30',
      '"x"',
      "'y'",
      '{a: 1}',
      '[1, 2]',
      '<800',
      'a#b',
      'a #b',
      'a:b',
      '${x.y}',
      '/p?q=1',
      '',
    );
    const line = fc
      .tuple(fc.nat(4), fc.constantFrom('', '- ', 'k: ', 'l: ', 'm:', '- k: ', '-', '"q": '), word)
      .map(([n, start, end]) => ' '.repeat(n) + start + end);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) =>
        expectAlike(`${lines.join('\n')}\n`),
      ),
      { numRuns: 5_000 },
    );
    expect(read).toBeGreaterThan(100);
  });
});

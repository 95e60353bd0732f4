import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPathOf, leavesOf, pointerOfPath } from './json-path.ts';

describe('paths of JSON', () => {
  it('are written as most services read them', () => {
    expect(['', '/status', '/data/0/first name', "/it's/a~1b", '/__proto__'].map(jsonPathOf)).toEqual([
      '$',
      '$.status',
      "$.data[0]['first name']",
      "$['it\\'s']['a/b']",
      '$.__proto__',
    ]);
  });

  it('lead back to the same pointer', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom("'", '\\', '~', '/', '0', '01', 'a.b', ']'));
    const escaped = (text: string) => `/${text.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        const pointer = keys.map(escaped).join('');
        expect(pointerOfPath(jsonPathOf(pointer))).toBe(pointer);
      }),
    );
  });

  it.each(['status', '$..status', '$.items[*].id', '$.a[?(@.b)]', '$.a[-1]'])(
    'are no pointer where they may lead to several places, or elsewhere: %s',
    (path) => expect(pointerOfPath(path)).toBeUndefined(),
  );

  it('lead to every single value of a document', () => {
    expect(leavesOf({ a: [1, { 'b/c': null }], d: 'x' })).toEqual([
      ['/a/0', 1],
      ['/a/1/b~1c', null],
      ['/d', 'x'],
    ]);
  });
});

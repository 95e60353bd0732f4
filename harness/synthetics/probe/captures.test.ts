import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capture } from './captures.ts';

describe('captures', () => {
  it('take every single value by its JSON pointer, whatever its key', () => {
    const single = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), single, { minKeys: 1 }), (inner) => {
        const into = new Map<string, string>();
        const text = JSON.stringify({ inner: [inner] });
        for (const [key, value] of Object.entries(JSON.parse(JSON.stringify(inner)) as typeof inner)) {
          const pointer = `/inner/0/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
          capture({ it: pointer }, { text }, into);
          expect(into.get('capture.it')).toBe(String(value));
        }
      }),
    );
  });

  it('keep an integer beyond 2^53 exactly, and read headers in any case', () => {
    const into = new Map<string, string>();
    const answer = { text: '{"id":9007199254740993}', headers: { location: '/orders/1' } };
    capture({ id: '/id', at: 'header: Location' }, answer, into);
    expect(Object.fromEntries(into)).toEqual({ 'capture.id': '9007199254740993', 'capture.at': '/orders/1' });
  });

  it('fail for what is not there, is no single value, or is no JSON', () => {
    const take = (from: string, text: string) => () => capture({ it: from }, { text }, new Map());
    expect(take('/b', '{"a":1}')).toThrow('no single value at `/b` to capture as `it`');
    expect(take('/a', '{"a":{}}')).toThrow('no single value');
    expect(take('/a', '{"a":null}')).toThrow('no single value');
    expect(take('header:x', '')).toThrow('no single value');
    expect(take('/a', '<html>')).toThrow('no JSON from which `it`');
  });
});

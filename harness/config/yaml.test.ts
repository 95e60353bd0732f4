import { expect, it } from 'vitest';
import { CountersignError } from '../errors.ts';
import { parseYaml } from './yaml.ts';

const parse = (text: string) => parseYaml(Buffer.from(text), 'a.yml').value;

it('takes one mark of the byte order, and no second', () => {
  expect(parse('---\na: 1\n')).toEqual({ a: 1 });
  expect(parse('\ufeff---\na: 1\n')).toEqual({ a: 1 });
  expect(() => parse('\ufeff\ufeff---\na: 1\n')).toThrow(CountersignError);
});

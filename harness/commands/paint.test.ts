import { expect, it } from 'vitest';
import { oneLine } from './paint.ts';

it('text of somebody else can neither begin a line of its own nor colour what follows', () => {
  expect(oneLine(' ::add-mask::the ')).toBe('· ::add-mask::the');
  expect(oneLine('one\r\n::error::two\u2028three\u001b[2K\u202e four\n')).toBe(
    'one ::error::two three [2K  four',
  );
});

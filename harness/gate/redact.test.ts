import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Redactor } from './redact.ts';

it('finds a secret within what was encoded in base64 together with other text', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
      fc.string({ maxLength: 9 }),
      fc.string({ maxLength: 9 }),
      fc.constantFrom('base64' as const, 'base64url' as const),
      (secret, before, after, encoding) => {
        const redactor = new Redactor();
        redactor.add(secret);
        const left = redactor.text(Buffer.from(before + secret + after).toString(encoding));
        // At most the characters that the secret shares with its neighbours are left.
        expect(left.split('[redacted]').length).toBeGreaterThan(1);
        expect(Buffer.from(left.replace('[redacted]', ''), encoding).toString()).not.toContain(secret);
      },
    ),
  );
});

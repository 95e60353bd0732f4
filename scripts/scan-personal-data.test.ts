import { describe, expect, it } from 'vitest';
import { findPersonalData, findSecrets, masked } from '#scripts/personal-data.ts';
import { scanPersonalData } from '#scripts/scan-personal-data.ts';

/** Written in parts: this file is scanned, too. */
const join = (...parts: string[]) => parts.join('');
const kinds = (text: string) => [...findPersonalData(text), ...findSecrets(text)].map(({ what }) => what);

describe('D9: the scan for personal data', () => {
  it.each([
    ['e-mail address', join('ada', '@', 'acme.io')],
    ['e-mail address', join('a.b+c', '@', 'mail.notexample.com')],
    ['phone number', join('+234 ', '803 ', '555 ', '7192')],
    ['phone number', join('"080', '35557192"')],
    ['account number', join('account_number: "30', '41592653"')],
    ['account number', join('"NUBAN": 30', '41592653')],
    ['bank account (IBAN)', join('GB82', 'WEST12345698765432')],
    ['card number', join('4539 ', '5787 ', '6362 ', '1486')],
    ['key', join('live_', 'sk_', 'abcdef0123456789')],
    ['key', join('AKIA', 'ABCDEFGHIJKLMNOP')],
    ['private key', join('-----BEGIN ', 'PRIVATE KEY-----\n', 'MIGHAgEAMBMGByqGSM49')],
    ['password hash', join('scrypt$', '32768$8$1$', 'c2FsdHNhbHRzYWx0$aGFzaGhhc2g')],
    ['password hash', join('$2', 'b$12$', 'abcdefghijklmnopqrstuv')],
    ['password hash', join('$argon2', 'id$v=19$', 'm=65536,t=3,p=4$c2FsdA')],
    ['token', join('eyJhbGciOiJI', '.eyJzdWIiOiIx', '.c2lnbmF0dXJlLXNpZ25h')],
  ])('finds a %s', (what, text) => {
    expect(kinds(`const it = ${text};`)).toEqual([what]);
  });

  it.each([
    'ada@example.com, ada@shop.example, ada@localhost.test, ada@example.com.ng',
    'git@github.com:a/b.git and postgres://reader:word@db.internal.net/x',
    '"@playwright/test@1.65.1" and user@host',
    '2026-11-25T08:30:00+01:00 and +1 (212) 555-0142',
    'accountNumber: "0123456789", account_number: 0123456712, bvn: "22222222222"',
    'amounts 3041592653 and ids 08035557192345',
    '4242 4242 4242 4242 and 1234-5678-9012-3456',
    'GB00WEST12345698765432 and SHA256ABCDEFGHIJKLMNOPQ',
    'test_sk_abcdef0123456789 and AKIAIOSFODNN7EXAMPLE',
  ])('lets pass what is made up: %s', (text) => {
    expect(kinds(text)).toEqual([]);
  });

  it('names the line, and does not repeat what it found', () => {
    const text = join('one\ntwo ', 'ada.lovelace', '@', 'acme.io');
    const [finding, ...others] = scanPersonalData({ path: 'smoke/a.spec.ts', text });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ path: 'smoke/a.spec.ts', line: 2 });
    expect(finding?.message).toBe('looks like a real e-mail address: ada.******');
    expect(masked({ what: '', text: 'abc', index: 0 })).toBe('a******');
  });
});

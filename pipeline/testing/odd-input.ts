import fc from 'fast-check';

/** What trips parsers, databases and pages up. */
export const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    '',
    '\u0000',
    'a\u0000b',
    '\ud800',
    "'; DROP TABLE bank_accounts; --",
    '../../etc/passwd',
    '__proto__',
    '9'.repeat(400),
    '0123456789',
    '2026-02-30',
    '0000-00-00',
    '9999-12-31',
    'https://x',
    'mono-sync-00000000-0000-0000-0000-000000000000',
    '00000000-0000-0000-0000-000000000000',
  ),
);
export const odd = fc.oneof(
  oddText,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, [], {}),
  fc.jsonValue(),
);
/** Some of the keys, and some that nobody knows. */
export const oneOfKeys = (keys: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .record(keys, { requiredKeys: [] })
    .chain((body) => fc.dictionary(oddText, odd, { maxKeys: 2 }).map((extra) => ({ ...extra, ...body })));

export const oddDay = fc.oneof(
  oddText,
  fc.constantFrom('0000-01-01', '0001-01-01', '2026-01-01', '9999-12-31', '2024-02-29', '2023-02-29'),
);

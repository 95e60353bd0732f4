import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MonoError } from './errors.ts';
import { clientUnderTest, collect } from './testing.ts';
import { wireDate } from './wire.ts';

/** A provider that answers everything with the same body. */
function answering(body: unknown) {
  const fetch = async () => Response.json(body);
  return clientUnderTest({ baseUrl: 'http://mono.invalid', fetch, maxPages: 5 }).client;
}

const paging = fc.record(
  {
    total: fc.oneof(fc.nat({ max: 9 }), fc.jsonValue()),
    page: fc.oneof(fc.nat({ max: 3 }), fc.jsonValue()),
    next: fc.oneof(fc.constant(null), fc.webUrl(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const envelope = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      status: fc.constantFrom('successful', 'failed', null),
      data: fc.oneof(fc.array(fc.jsonValue(), { maxLength: 4 }), fc.jsonValue()),
      meta: fc.oneof(paging, fc.jsonValue()),
      paging,
    },
    { requiredKeys: [] },
  ),
);

describe('whatever Mono answers', () => {
  it('is read or refused with a MonoError: nothing else is thrown, and paging ends', async () => {
    await fc.assert(
      fc.asyncProperty(envelope, async (body) => {
        const client = answering(body);
        const calls = [
          collect(client.pages({ accountId: 'acc_1', limit: 2 })),
          client.account('acc_1'),
          client.exchangeCode('code_1'),
          client.initiate({
            accountId: 'acc_1',
            redirectUrl: 'https://x.example',
            reference: 'ref_0123456789',
          }),
        ];
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(MonoError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('dates on the wire', () => {
  it('are the same day, written DD-MM-YYYY', () => {
    const day = fc
      .date({ min: new Date('1970-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
    fc.assert(
      fc.property(day, (text) => {
        expect(wireDate(text).split('-').reverse().join('-')).toBe(text);
      }),
    );
  });

  it.each(['2026-02-29', '2026-13-01', '2026-00-10', '26-01-01', '2026-1-1', '', '2026-01-01T00:00:00Z'])(
    'refuse %j',
    (text) => {
      expect(() => wireDate(text)).toThrow(/dates like/);
    },
  );
});

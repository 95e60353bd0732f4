import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '../../testing/postgres.ts';
import { contextFor, measure } from './fixtures/setup.ts';
import type { Columns, ReconcileOptions, SideOptions } from './options.ts';

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);

afterAll(async () => {
  await postgres?.stop();
});

const plain: Columns = {
  key: 'id',
  amount: 'amount',
  unit: 'major',
  sign: 'signed',
  currency: { constant: 'NGN' },
};
const timed: Columns = { ...plain, at: { column: 'at' } };

/** One side from a list of SQL tuples. */
function side(values: string, columns: Columns = plain, names = 'id, amount'): SideOptions {
  return { sql: { query: `SELECT * FROM (VALUES ${values}) AS v (${names})` }, columns };
}

const compare = (left: SideOptions, right: SideOptions, rest: Partial<ReconcileOptions> = {}) =>
  measure({ left, right, ...rest }, contextFor({ postgres: postgres.url }));

const refusal = (left: SideOptions, right: SideOptions = left, rest: Partial<ReconcileOptions> = {}) =>
  compare(left, right, rest).then(
    () => expect.unreachable('it measured'),
    (error: { code: string; message: string }) => error,
  );

describe('amounts of SQL', () => {
  it('are equal whatever the scale of their numeric', async () => {
    const facts = await compare(side("('a', 1.0::numeric(9,1))"), side("('a', 1.00::numeric(18,2))"));
    expect(facts).toMatchObject({ breaks: 0, explained: true, left: { total_minor: '100' } });
  });

  it('have one zero', async () => {
    const facts = await compare(side("('a', '-0.00'::numeric)"), side("('a', 0)"));
    expect(facts).toMatchObject({ breaks: 0, left: { total_minor: '0' } });
  });

  it('sum beyond 2^63 without overflow', async () => {
    const two = "('a', 92233720368547758.07::numeric), ('b', 92233720368547758.07)";
    const facts = await compare(side(two), side(two));
    expect(facts).toMatchObject({ breaks: 0, left: { total_minor: '18446744073709551614' } });
  });

  it.each(['NaN', 'Infinity', '-Infinity'])('are an error with their key when they are %s', async (value) => {
    const error = await refusal(side(`('good', 1), ('bad-row', '${value}'::numeric)`));
    expect(error).toMatchObject({ code: 'SOURCE_ANSWER', message: expect.stringContaining('bad-row') });
  });

  it('are an error that masks the key where keys are masked', async () => {
    const error = await refusal(side("('account-0042', 'NaN'::numeric)"), undefined, { mask_keys: true });
    expect(error.message).toContain('…0042');
    expect(error.message).not.toContain('account');
  });

  it('are an error with their key when they are null', async () => {
    const error = await refusal(side("('bad-row', NULL::numeric)"));
    expect(error).toMatchObject({ code: 'SOURCE_ANSWER', message: expect.stringContaining('bad-row') });
  });

  it.each(['real', 'double precision', 'money'])('are refused in a column of type %s', async (type) => {
    const error = await refusal(side(`('a', '1.00'::${type})`));
    expect(error).toMatchObject({ code: 'SOURCE_ANSWER', message: expect.stringContaining(type) });
  });

  it('in minor units of bigint equal those in major units of numeric', async () => {
    const facts = await compare(
      side("('a', 150050::bigint)", { ...plain, unit: 'minor' }),
      side("('a', 1500.50)"),
    );
    expect(facts).toMatchObject({ breaks: 0, explained: true });
  });

  it('declared in the wrong unit are named so', async () => {
    const facts = await compare(side("('a', 150050), ('b', 700)"), side("('a', 1500.50), ('b', 7.00)"));
    expect(facts.break_classes.unit.count).toBe(2);
    expect(facts).toMatchObject({ breaks: 2, explained: true });
  });

  it('follow the exponent of their currency', async () => {
    const scaled: Columns = { ...plain, currency: { column: 'currency' }, scale: { XOF: 0, NGN: 2 } };
    const names = 'id, amount, currency';
    const both = "('a', 1500, 'XOF'), ('b', 15.5, 'NGN')";
    const facts = await compare(side(both, scaled, names), side(both, scaled, names));
    expect(facts.left.by_currency).toEqual([
      { currency: 'NGN', rows: 1, total_minor: '1550' },
      { currency: 'XOF', rows: 1, total_minor: '1500' },
    ]);
    const error = await refusal(side("('a', 1, 'KES')", scaled, names));
    expect(error.message).toContain('KES');
  });

  it('rounded as declared are counted, and a row one unit off is a rounding break', async () => {
    const rounding: Columns = { ...plain, rounding: 'half_even' };
    const facts = await compare(side("('a', 1.005), ('b', 2)", rounding), side("('a', 1.01), ('b', 2)"));
    expect(facts.left.rounded_rows).toBe(1);
    expect(facts.break_classes.rounding).toMatchObject({ count: 1, difference_minor: '-1' });
    const error = await refusal(side("('a', 1.005)"));
    expect(error).toMatchObject({ code: 'SOURCE_ANSWER', message: expect.stringContaining('finer') });
  });
});

describe('signs', () => {
  const byType: Columns = {
    ...plain,
    sign: { column: 'type', debit: ['debit', 'DR'], credit: ['credit', 'CR'] },
  };
  const names = 'id, amount, type';

  it('carried by a type equal signed amounts', async () => {
    const facts = await compare(
      side("('a', 10, 'debit'), ('b', 30, 'CR')", byType, names),
      side("('a', -10), ('b', 30)"),
    );
    expect(facts).toMatchObject({
      breaks: 0,
      left: { net_minor: '2000', gross_minor: '4000', basis: 'net' },
    });
  });

  it('lost on one side are named so', async () => {
    const facts = await compare(side("('a', 10, 'debit')", byType, names), side("('a', 10)"));
    expect(facts).toMatchObject({ breaks: 1, explained: true, difference_minor: '-2000' });
    expect(facts.break_classes.sign.count).toBe(1);
  });

  it('refuse a word that is neither debit nor credit, and a negative amount beside a word', async () => {
    expect((await refusal(side("('a', 10, 'refund')", byType, names))).message).toContain('refund');
    expect((await refusal(side("('a', 10, NULL)", byType, names))).code).toBe('SOURCE_ANSWER');
    expect((await refusal(side("('a', -10, 'debit')", byType, names))).message).toContain('negative');
  });

  it('refuse to compare a gross total with a net one', async () => {
    const error = await refusal(side("('a', 10)", { ...plain, sign: 'gross' }), side("('a', 10)"));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('gross') });
  });

  it('do not matter where both sides are declared gross', async () => {
    const gross: Columns = { ...plain, sign: 'gross' };
    const facts = await compare(side("('a', -10), ('b', 5)", gross), side("('a', 10), ('b', 5)", gross));
    expect(facts).toMatchObject({ breaks: 0, left: { total_minor: '1500', basis: 'gross' } });
  });
});

describe('keys of SQL', () => {
  it('meet in spite of char(n) padding', async () => {
    const padded: SideOptions = { sql: { query: "SELECT 'ab'::char(8) AS id, 1 AS amount" }, columns: plain };
    expect(await compare(padded, side("('ab', 1)"))).toMatchObject({ breaks: 0, explained: true });
  });

  it('meet in spite of Unicode normal forms and of collations', async () => {
    const facts = await compare(
      side(`(U&'caf\\00e9' COLLATE "C", 2), ('z', 1), ('Ä', 3)`),
      side("(U&'cafe\\0301', 2), ('Ä', 3), ('z', 1)"),
    );
    expect(facts).toMatchObject({ breaks: 0, explained: true, left: { rows: 3 } });
  });

  it('differ in case', async () => {
    const facts = await compare(side("('A', 1)"), side("('a', 1)"));
    expect(facts.breaks).toBe(2);
  });

  it('are an error when they are null or empty', async () => {
    expect((await refusal(side('(NULL, 1)'))).message).toContain('no key');
    expect((await refusal(side("('', 1)"))).message).toContain('no key');
  });

  it('that stand twice on one side only are duplicates', async () => {
    const facts = await compare(side("('a', 1), ('a', 1), ('b', 2)"), side("('a', 1), ('b', 2)"));
    expect(facts).toMatchObject({ breaks: 1, explained: true, difference_minor: '100' });
    expect(facts.break_classes.duplicate.count).toBe(1);
  });
});

describe('other fields of SQL', () => {
  it('keep null apart from the empty text', async () => {
    const status: Columns = { ...plain, status: { column: 'status' } };
    const names = 'id, amount, status';
    const facts = await compare(
      side("('a', 1, NULL::text)", status, names),
      side("('a', 1, '')", status, names),
    );
    expect(facts.break_classes.status.count).toBe(1);
  });

  it('use the common word where each side has its own', async () => {
    const names = 'id, amount, status';
    const left: Columns = { ...plain, status: { column: 'status', map: { OK: 'settled' } } };
    const right: Columns = { ...plain, status: { column: 'status' } };
    const facts = await compare(
      side("('a', 1, 'OK')", left, names),
      side("('a', 1, 'settled')", right, names),
    );
    expect(facts.breaks).toBe(0);
  });

  it('count by currency, so that one never makes up for another', async () => {
    const columns: Columns = { ...plain, currency: { column: 'currency' } };
    const names = 'id, amount, currency';
    const facts = await compare(
      side("('a', 5, 'NGN'), ('b', 9, 'USD')", columns, names),
      side("('a', 9, 'NGN'), ('b', 5, 'USD')", columns, names),
    );
    expect(facts).toMatchObject({ difference_minor: '0', breaks: 2, explained: true });
    expect(facts.by_currency.map((each) => each.difference_minor)).toEqual(['-400', '400']);
  });
});

describe('times of SQL', () => {
  const names = 'id, amount, at';

  it('fall into the days of the declared zone, not of a session', async () => {
    const rows = "('a', 1, timestamptz '2026-11-20 23:30:00Z')";
    const other = "('a', 1, timestamptz '2026-11-22 23:30:00Z')";
    const facts = await compare(side(rows, timed, names), side(other, timed, names), {
      window: { zone: 'Africa/Lagos' },
    });
    expect(facts.differing_days.map((each) => each.day)).toEqual(['2026-11-21', '2026-11-23']);
    expect(facts.break_classes.timing.count).toBe(1);
    expect(facts).toMatchObject({ difference_minor: '0', explained: true, window: { zone: 'Africa/Lagos' } });
  });

  it('equal at the precision that both sides keep', async () => {
    const left = side("('a', 1, timestamptz '2026-11-20 10:00:00.123456Z')", timed, names);
    const right = side("('a', 1, timestamptz '2026-11-20 10:00:00.123Z')", timed, names);
    expect((await compare(left, right)).breaks).toBe(0);
    const cut = side("('a', 1, timestamptz '2026-11-20 10:00:00Z')", timed, names);
    expect((await compare(left, cut)).break_classes.timing.count).toBe(1);
    expect((await compare(left, cut, { instants: 's' })).breaks).toBe(0);
  });

  it('without an offset are refused until a zone is declared', async () => {
    const rows = "('a', 1, timestamp '2026-11-20 10:00:00')";
    expect((await refusal(side(rows, timed, names))).message).toContain('no offset');
    const zoned: Columns = { ...plain, at: { column: 'at', zone: 'Africa/Lagos' } };
    const instant = side("('a', 1, timestamptz '2026-11-20 09:00:00Z')", timed, names);
    expect((await compare(side(rows, zoned, names), instant)).breaks).toBe(0);
  });

  it('outside the window are left out on both sides, its end excluded', async () => {
    const day = (id: string, at: string) => `('${id}', 1, timestamptz '${at}')`;
    const rows = [
      day('before', '2026-11-19 22:59:59.999Z'),
      day('in', '2026-11-19 23:00:00Z'),
      day('end', '2026-11-20 23:00:00Z'),
    ];
    const window = { from: '2026-11-20', to: '2026-11-21', zone: 'Africa/Lagos' };
    const facts = await compare(side(rows.join(), timed, names), side(rows.join(), timed, names), { window });
    expect(facts.left).toMatchObject({ rows: 1, scanned_rows: 3, outside_window_rows: 2 });
    expect(facts.window).toEqual({
      zone: 'Africa/Lagos',
      from: '2026-11-19T23:00:00.000Z',
      to: '2026-11-20T23:00:00.000Z',
    });
  });

  it('at two sides of the cut-off are a timing break, not a missing row', async () => {
    const left = side(
      "('a', 1, timestamptz '2026-11-20 22:59:59Z'), ('b', 2, timestamptz '2026-11-20 10:00Z')",
      timed,
      names,
    );
    const right = side(
      "('a', 1, timestamptz '2026-11-20 23:00:01Z'), ('b', 2, timestamptz '2026-11-20 10:00Z')",
      timed,
      names,
    );
    const facts = await compare(left, right, { window: { to: '2026-11-21', zone: 'Africa/Lagos' } });
    expect(facts).toMatchObject({ breaks: 1, explained: true, difference_minor: '100' });
    expect(facts.break_classes.timing.count).toBe(1);
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { forge } from '../../testing/forge.ts';
import { makeRunFolder, SIGNED_AT, type TestPerson, testItem, testPerson } from '../../testing/run-folder.ts';
import { sayOn, signerOf } from '../../testing/say.ts';
import { verifyRun } from '../../testing/verify-run.ts';
import { generateKey } from '../keys.ts';
import type { SayOptions } from '../say.ts';

const ada = testPerson('ada', ['release-manager'], { keys: 2 });
const ben = testPerson('ben', ['engineering']);
const cyd = testPerson('cyd', ['engineering']);
const eve = testPerson('eve', ['marketing']);
const people = [ada, ben, cyd, eve];
const keyOf = (person: TestPerson, index = 0) => person.keys[index]?.id ?? '';
const later = (minutes: number) => new Date(Date.parse(SIGNED_AT) + minutes * 60_000);

const no = { type: 'rejection', reason: 'the totals are of yesterday' } as const;
const back = { type: 'withdrawal', of: 'approval', reason: 'I read the wrong run' } as const;
const goBack = { type: 'withdrawal', of: 'go', reason: 'the supplier is down' } as const;
const remark = { type: 'comment', text: 'a cold cache' } as const;
const stolen = (person: TestPerson, from: string) =>
  ({ type: 'revocation', revoked_key: keyOf(person), revoked_at: from, reason: 'stolen' }) as const;

async function signedRun() {
  const run = await makeRunFolder({ people });
  await run.sign(ada);
  await run.sign(ben);
  return run;
}

const wrong = ({ lines }: Awaited<ReturnType<typeof verifyRun>>) =>
  lines.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`);
const statements = ({ lines }: Awaited<ReturnType<typeof verifyRun>>) =>
  lines.filter(({ check }) => check === 'statements').map(({ text }) => text);

describe('a rejection', () => {
  test('makes a signed GO a NO_GO, is shown with its reason, and nobody signs after it', async () => {
    await using run = await makeRunFolder({ people });
    await run.sign(ada);
    await sayOn(run, cyd, no);
    const result = await verifyRun(run);
    expect({ exit: result.exit, decision: result.decision }).toEqual({ exit: 1, decision: 'NO_GO' });
    expect(wrong(result)).toEqual([
      `statements: rejected by Cyd (cyd), ${later(10).toISOString()}: the totals are of yesterday`,
      'roles: missing: engineering',
    ]);
    const page = await readFile(join(run.folder, 'report.html'), 'utf8');
    expect(page).toContain('<title>REJECTED: Sample gate</title>');
    expect(page).toContain('the totals are of yesterday');
    expect(await readFile(join(run.folder, 'junit.xml'), 'utf8')).toContain('failures="1"');
    await expect(run.sign(ben)).rejects.toThrow('cyd rejected this report: the totals are of yesterday');
    await expect(sayOn(run, cyd, no)).rejects.toThrow('cyd has rejected this report already');
  });

  test('counts before anybody signed, and where the gate could not tell', async () => {
    await using run = await makeRunFolder({ people, items: [testItem('smoke', 'error')] });
    expect((await verifyRun(run)).exit).toBe(3);
    await sayOn(run, ada, no);
    expect(await verifyRun(run)).toMatchObject({ exit: 1, decision: 'NO_GO' });
  });

  test('is not taken away by revoking the key of the one who said it', async () => {
    await using run = await signedRun();
    await sayOn(run, cyd, no);
    await sayOn(run, ben, stolen(cyd, SIGNED_AT));
    expect((await verifyRun(run)).exit).toBe(1);
  });
});

describe('a withdrawal', () => {
  test('of an approval opens the role again, for others', async () => {
    await using run = await signedRun();
    expect((await verifyRun(run)).exit).toBe(0);
    const { standing } = await sayOn(run, ben, back);
    expect(standing.missing).toEqual([{ role: 'engineering', count: 1 }]);
    const result = await verifyRun(run);
    expect(result.exit).toBe(3);
    expect(statements(result)[0]).toContain('approval taken back by Ben (ben)');
    await expect(run.sign(ben)).rejects.toThrow('ben took their approval of this report back');
    await run.sign(cyd);
    expect((await verifyRun(run)).exit).toBe(0);
  });

  test('of the GO leaves it as of the signing time, releases nothing, and nobody signs after it', async () => {
    await using run = await signedRun();
    await sayOn(run, cyd, goBack);
    const result = await verifyRun(run);
    expect(result).toMatchObject({ exit: 0, decision: 'GO', withdrawn: true });
    expect(statements(result)[0]).toMatch(/the GO was withdrawn by Cyd .*judged as of the signing time/);
    const deploy = await verifyRun(run, { forDeploy: true });
    expect(deploy.exit).toBe(1);
    expect(wrong(deploy)[0]).toContain('the supplier is down');
    await expect(run.sign(cyd)).rejects.toThrow('cyd withdrew the GO');
    const page = await readFile(join(run.folder, 'report.html'), 'utf8');
    expect(page).toContain('<title>GO WITHDRAWN: Sample gate</title>');
    expect(await readFile(join(run.folder, 'junit.xml'), 'utf8')).toContain('cyd withdrew the go');
  });
});

describe('a revocation', () => {
  test('T15: takes away what the key signed at that moment or later, and stops it from signing', async () => {
    await using run = await signedRun();
    await sayOn(run, cyd, stolen(ben, SIGNED_AT));
    const result = await verifyRun(run, { now: later(20) });
    expect(result.exit).toBe(3);
    expect(statements(result)[0]).toContain(`key ${keyOf(ben)} revoked as of ${SIGNED_AT} by Cyd (cyd)`);
    expect(wrong(result)).toEqual(['roles: missing: engineering']);
    await run.sign(cyd);
    expect((await verifyRun(run)).exit).toBe(0);
  });

  test('of a later moment leaves the signature, which then counts as of its own time only', async () => {
    await using run = await signedRun();
    await sayOn(run, ada, stolen(ada, later(5).toISOString()), { signer: signerOf(ada, 1) });
    expect((await verifyRun(run, { now: later(20) })).exit).toBe(0);
    const deploy = await verifyRun(run, { now: later(20), forDeploy: true });
    expect(deploy.exit).toBe(1);
    expect(wrong(deploy)).toEqual([`validity: ada: the key was revoked at ${later(5).toISOString()}`]);
  });

  test('takes a signature away whose maker left no time, however late the key was revoked', async () => {
    await using run = await makeRunFolder({ people });
    await forge(run, [ada, ben]);
    await sayOn(run, cyd, stolen(ben, later(5).toISOString()));
    expect(wrong(await verifyRun(run, { now: later(20) }))).toEqual(['roles: missing: engineering']);
  });

  test('a revoked key neither signs nor speaks', async () => {
    await using run = await makeRunFolder({ people });
    await sayOn(run, ada, stolen(ben, SIGNED_AT));
    await expect(run.sign(ben, { now: later(11) })).rejects.toThrow('the key was revoked at');
    await expect(sayOn(run, ben, remark)).rejects.toThrow('the key was revoked at');
  });
});

test('a comment changes nothing, and stands in the page', async () => {
  await using run = await signedRun();
  await sayOn(run, eve, { ...remark, text: 'a <b>cold</b> cache' });
  const result = await verifyRun(run);
  expect(result.exit).toBe(0);
  expect(statements(result)).toEqual([
    `comment by Eve (eve), ${later(10).toISOString()}: a <b>cold</b> cache`,
  ]);
  expect(await readFile(join(run.folder, 'report.html'), 'utf8')).toContain(
    'a &#60;b&#62;cold&#60;/b&#62; cache',
  );
});

describe('who may not', () => {
  test.each<[string, TestPerson, SayOptions['words'], Partial<SayOptions>, string]>([
    [
      'reject without a role that the gate asks for',
      eve,
      no,
      {},
      'eve has none of the roles that the gate asks',
    ],
    ['withdraw the GO without one', eve, goBack, {}, 'eve has none of the roles'],
    [
      'revoke a key of somebody else without one',
      eve,
      stolen(ada, SIGNED_AT),
      {},
      'eve has none of the roles',
    ],
    ['revoke a key with itself', ada, stolen(ada, SIGNED_AT), {}, 'a key does not revoke itself'],
    ['revoke from a moment to come', ben, stolen(ada, later(11).toISOString()), {}, 'is in the future'],
    [
      'revoke a key that nobody has',
      ben,
      { ...stolen(ada, SIGNED_AT), revoked_key: `SHA256:${'a'.repeat(43)}` },
      {},
      "nobody's key",
    ],
    ['take back what they never gave', cyd, back, {}, 'cyd has not approved this report'],
    ['speak for another', ben, no, { signer: signerOf(ada) }, 'this key belongs to ada, not to ben'],
    [
      'speak before the freeze',
      ada,
      remark,
      { now: new Date('2026-11-25T08:00:00Z') },
      'before the report was',
    ],
  ])('nobody can %s', async (_, person, words, more, message) => {
    await using run = await signedRun();
    const before = await readFile(join(run.folder, 'journal.jsonl'));
    await expect(sayOn(run, person, words, more)).rejects.toThrow(message);
    expect((await readFile(join(run.folder, 'journal.jsonl'))).equals(before)).toBe(true);
  });

  test('nobody speaks with a key that is out of date, or without a passphrase', async () => {
    const old = { ...cyd, keys: cyd.keys.map((key) => ({ ...key, not_after: SIGNED_AT })) };
    const plain = { ...eve, keys: [generateKey({ rehearsal: true })] };
    await using run = await makeRunFolder({ people: [ada, old, plain] });
    await expect(sayOn(run, old, remark)).rejects.toThrow('the key was valid until');
    await expect(sayOn(run, plain, remark)).rejects.toThrow('a key without a passphrase');
  });

  test('there is no GO to withdraw of a NO_GO', async () => {
    await using run = await makeRunFolder({ people, items: [testItem('smoke', 'failed')] });
    await expect(sayOn(run, ada, goBack)).rejects.toThrow(
      'the decision is NO_GO: there is no GO to withdraw',
    );
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeRunFolder, type RunFolder, SIGNED_AT, testPerson } from '../testing/run-folder.ts';
import { verifyRun } from '../testing/verify-run.ts';
import { startWitnesses, type Witnesses } from '../testing/witnesses.ts';
import { makeBundle, parseBundle } from './bundle.ts';
import { encode } from './dsse.ts';
import { optional } from './optional.ts';
import { witnessOf } from './witness.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });
const people = [ada, ben];
const TEN_MINUTES = 10 * 60_000;

let right: Witnesses;
let late: Witnesses;
let run: RunFolder;

const text = (lines: readonly { check: string; text: string }[]) =>
  lines.filter(({ check }) => check === 'time').map((line) => line.text);
const bundleOf = (of: RunFolder, name = 'ada') => join(of.folder, `${name}.sigstore.json`);
const both = ({ url }: Witnesses) => witnessOf({ tlog: url, tsa: url });

async function signedBy(which: { tlog?: string; tsa?: string }): Promise<RunFolder> {
  const made = await makeRunFolder({ people });
  await made.sign(ada, { witness: witnessOf(which) });
  return made;
}

beforeAll(async () => {
  // Certificates of the authority begin now: long before anything here is signed.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(SIGNED_AT) - 86_400_000 });
  right = await startWitnesses(new Date(SIGNED_AT));
  late = await startWitnesses(new Date(Date.parse(SIGNED_AT) + TEN_MINUTES));
  vi.useRealTimers();
  run = await makeRunFolder({ people });
  await run.sign(ada, { witness: both(right) });
  await run.sign(ben, { witness: both(right) });
});

afterAll(async () => {
  for (const each of [right, late, run]) await each[Symbol.asyncDispose]();
});

describe('an independent time', () => {
  it('of a log and of a time-stamp authority is checked against the trusted root', async () => {
    const { exit, lines } = await verifyRun(run, { trustedRoot: right.trustedRoot });
    expect(exit, JSON.stringify(lines)).toBe(0);
    const instant = '2026-11-25T09:00:00.000Z';
    expect(text(lines)).toEqual(
      ['ada', 'ben'].map((id) => `${id}: independent time by log entry ${instant}, time stamp ${instant}`),
    );
  });

  it('is said not to be checked without a trusted root, and not to be there where nobody was asked', async () => {
    const { exit, lines } = await verifyRun(run);
    expect(exit).toBe(0);
    expect(lines.filter(({ check }) => check === 'time')).toMatchObject([{ ran: false }]);
    expect(text(lines)[0]).toBe('independent times are there and not checked, give --trusted-root: ada, ben');
    await using plain = await makeRunFolder({ people });
    await plain.sign(ada);
    await plain.sign(ben);
    const without = 'no independent time, only their own clock: ada, ben';
    const said = await verifyRun(plain);
    expect(said).toMatchObject({
      exit: 0,
      lines: expect.arrayContaining([{ check: 'time', ran: false, ok: true, text: without }]),
    });
    // Who asks for times is not told GO without them.
    const asked = await verifyRun(plain, { trustedRoot: right.trustedRoot });
    expect(asked).toMatchObject({
      exit: 3,
      lines: expect.arrayContaining([{ check: 'time', ran: true, ok: false, text: without }]),
    });
  });

  it('T16: more than five minutes from what the signer says makes the report invalid', async () => {
    for (const which of [{ tsa: late.url }, { tlog: late.url }]) {
      await using made = await signedBy(which);
      const { exit, lines } = await verifyRun(made, { trustedRoot: late.trustedRoot });
      expect(exit).toBe(4);
      expect(text(lines)[0]).toMatch(/^ada says 2026-11-25T09:00.*says 2026-11-25T09:10.*5 minutes apart$/);
    }
  });

  it('of an authority that nobody trusts, or of another signature, holds nothing', async () => {
    expect((await verifyRun(run, { trustedRoot: late.trustedRoot })).exit).toBe(4);
    await using made = await signedBy({ tsa: right.url, tlog: right.url });
    const other = parseBundle(await readFile(bundleOf(run)), 'ada');
    const own = parseBundle(await readFile(bundleOf(made)), 'ada');
    const entry = { keyid: own.signature.keyid, sig: encode(own.signature.signature) };
    const swapped = makeBundle(own.payloadType, own.payload, entry, other.witnessed);
    await writeFile(bundleOf(made), swapped);
    const { exit, lines } = await verifyRun(made, { trustedRoot: right.trustedRoot });
    expect(exit).toBe(4);
    expect(text(lines)[0]).toContain('does not hold');
  });

  it('a trusted root that is none is no reason to believe anything', async () => {
    for (const root of ['{}', '[', '{"tlogs":[],"tlogs":[]}', 'null'])
      expect((await verifyRun(run, { trustedRoot: Buffer.from(root) })).exit, root).toBe(4);
  });

  it('that nobody gives leaves the report unsigned', async () => {
    await using made = await makeRunFolder({ people });
    const nobody = witnessOf({ tsa: 'http://127.0.0.1:9' });
    await expect(made.sign(ada, { witness: nobody })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect((await verifyRun(made)).lines.find(({ check }) => check === 'journal')?.text).toContain('2 lines');
    await made.sign(ada);
  });

  it('needs packages that whoever wants it installs', async () => {
    const absent = optional(() => import('@sigstore/absent' as string));
    await expect(absent).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      hint: expect.stringContaining('npm install'),
    });
  });

  it.each(['http://tsa.example.com', 'https://user:word@tsa.example.com', 'file:///etc/passwd', 'tsa'])(
    'is not asked of %s',
    (url) => {
      expect(() => witnessOf({ tsa: url })).toThrow(/no https URL/);
    },
  );
});

describe('a bundle with witnesses', () => {
  type Material = Record<string, unknown> & { tlogEntries: [object] };
  const changed = async (change: (material: Material) => void) => {
    const document = JSON.parse(await readFile(bundleOf(run), 'utf8'));
    change(document.verificationMaterial);
    return Buffer.from(`${JSON.stringify(document)}\n`);
  };

  it('is read as it was written', async () => {
    expect(parseBundle(await changed(() => {}), 'ada').witnessed.tlogEntries).toHaveLength(1);
  });

  it.each<[string, (material: Material) => void]>([
    ['an unknown field', (material) => Object.assign(material, { more: [] })],
    ['an unknown field of an entry', ({ tlogEntries }) => Object.assign(tlogEntries[0], { more: 1 })],
    [
      'another kind of entry',
      ({ tlogEntries: [entry] }) => Object.assign(entry, { kindVersion: { kind: 'x', version: '1' } }),
    ],
    [
      'a number where text is documented',
      ({ tlogEntries: [entry] }) => Object.assign(entry, { logIndex: 1 }),
    ],
    [
      'base64 that is spelt otherwise',
      ({ tlogEntries: [entry] }) => Object.assign(entry, { canonicalizedBody: 'YQ=' }),
    ],
    ['an empty list', (material) => Object.assign(material, { tlogEntries: [] })],
    ['a certificate', (material) => Object.assign(material, { certificate: { rawBytes: 'YQ==' } })],
    [
      'fields in another order',
      (material) => {
        const { tlogEntries } = material;
        delete (material as Record<string, unknown>)['tlogEntries'];
        Object.assign(material, { tlogEntries });
      },
    ],
  ])('refuses %s', async (_, change) => {
    const bytes = await changed(change);
    expect(() => parseBundle(bytes, 'ada')).toThrow(/ada/);
  });
});

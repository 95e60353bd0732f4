import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readZip, redactZip, writeZip } from './redact-zip.ts';

const secret = 'hunter2-hunter2';
const redact = (bytes: Buffer) =>
  Buffer.from(bytes.toString('latin1').replaceAll(secret, '[redacted]'), 'latin1');
const entry = (name: string, content: string | Uint8Array) => ({
  name: Buffer.from(name),
  content: Buffer.from(content as string),
});
const shown = (archive: Buffer) =>
  readZip(archive).map(({ name, content }) => [name.toString(), content.toString('latin1')]);

describe('redactZip', () => {
  it('takes a secret out of packed files and their names, and leaves the rest as it is', () => {
    const archive = writeZip([
      entry('trace.network', `{"authorization": "Bearer ${secret}"}`.repeat(50)),
      entry(`by-${secret}.txt`, 'nothing'),
      entry(
        'picture.png',
        Uint8Array.from({ length: 256 }, (_, at) => at),
      ),
    ]);

    const [network, named, picture] = shown(redactZip(archive, redact));
    expect(network).toEqual(['trace.network', '{"authorization": "Bearer [redacted]"}'.repeat(50)]);
    expect(named).toEqual(['by-[redacted].txt', 'nothing']);
    expect(picture).toEqual(shown(archive)[2]);
    expect(redactZip(archive, redact).includes(secret)).toBe(false);
  });

  it('gives back the same bytes where there is no secret', () => {
    const archive = writeZip([entry('a', 'plain')]);
    expect(redactZip(archive, redact)).toBe(archive);
  });

  it('reads what it writes', () => {
    const files = fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 2_000 })), { maxLength: 8 });
    fc.assert(
      fc.property(files, (given) => {
        const entries = given.map(([name, content]) => entry(name, content));
        expect(readZip(writeZip(entries))).toEqual(entries);
      }),
    );
  });

  it('refuses what it can not look into, rather than let it pass', () => {
    const archive = writeZip([entry('a', 'plain text')]);
    const change = (from: number, value: number) => {
      const changed = Buffer.from(archive);
      changed.writeUInt8(value, from);
      return changed;
    };
    const directory = archive.indexOf(Buffer.from('PK\u0001\u0002', 'latin1'));
    const broken = {
      'no archive': Buffer.from('plain'),
      encrypted: change(directory + 8, 1),
      'packed oddly': change(directory + 10, 99),
      'another sum': change(directory + 16, (archive[directory + 16] ?? 0) ^ 1),
      'no directory there': change(directory, 0),
      'cut off': Buffer.concat([archive.subarray(0, 10), archive.subarray(directory)]),
    };
    for (const [what, bytes] of Object.entries(broken)) {
      expect(() => readZip(bytes), what).toThrow('can not be searched for secrets');
    }
  });

  it('never fails otherwise, whatever it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.concat([
          Buffer.from(noise),
          writeZip([entry('a', 'b')]).subarray(noise.length % 40),
        ]);
        try {
          readZip(bytes);
        } catch (thrown) {
          expect(String(thrown)).toContain('can not be searched for secrets');
        }
      }),
    );
  });
});

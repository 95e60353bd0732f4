import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvidenceStore } from './evidence.ts';
import { Redactor } from './redact.ts';

async function store(...secrets: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-'));
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return { folder, redactor, evidence: new EvidenceStore(folder, redactor) };
}

describe('evidence', () => {
  it('T22: is redacted before it is hashed, in every spelling of the secret', async () => {
    const secret = 'p@ss/"wörd"+42';
    const { folder, evidence } = await store(secret);
    const spellings = [
      secret,
      JSON.stringify({ secret }),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
    ];
    const artifact = await evidence.put('log', spellings.join('\n'));
    const stored = await readFile(join(folder, 'evidence', artifact.sha256), 'utf8');
    expect(stored.match(/\[redacted\]/g)).toHaveLength(4);
    expect(stored).not.toContain('42');
    expect(createHash('sha256').update(stored).digest('hex')).toBe(artifact.sha256);
    expect(await artifact.text()).toBe(stored);
  });

  it('redacts a secret that is split over the chunks of a stream', async () => {
    const { evidence } = await store('topsecret');
    const chunks = async function* () {
      yield 'a tops';
      yield 'ecret b';
    };
    expect(await (await evidence.put('stream', chunks())).text()).toBe('a [redacted] b');
  });

  it('keeps binary content as it is', async () => {
    const { folder, evidence } = await store('topsecret');
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { sha256 } = await evidence.put('picture.png', bytes, 'image/png');
    expect(new Uint8Array(await readFile(join(folder, 'evidence', sha256)))).toEqual(bytes);
  });

  it('refuses more than its limit and leaves nothing behind', async () => {
    const { folder, evidence } = await store();
    const endless = async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024);
    };
    await expect(evidence.put('endless', endless())).rejects.toThrow('the evidence `endless` is over');
    await expect(readdir(join(folder, 'evidence'))).rejects.toThrow('ENOENT');
  });

  it('no text that holds the secret survives redaction', () => {
    const word = fc
      .string({ minLength: 4, maxLength: 20, unit: 'binary' })
      .filter((text) => !'[redacted]'.includes(text));
    fc.assert(
      fc.property(word, fc.string(), fc.string(), (secret, before, after) => {
        const redactor = new Redactor();
        redactor.add(secret);
        const out = redactor.text(before + secret + after);
        expect(redactor.count).toBeGreaterThan(0);
        expect(out.replaceAll('[redacted]', '')).not.toContain(secret);
      }),
    );
  });
});

import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { messageOf } from '../../errors.ts';
import { Failure } from './looking.ts';
import { codeOf } from './trouble.ts';
import { showBytes } from './words.ts';

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
  deflate: promisify(inflate),
} as const;

/** Undoes `content-encoding`, never beyond the limit: a few bytes may stand for gigabytes. */
export async function decode(body: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  let decoded = body;
  for (const name of names.reverse()) {
    if (name === '' || name === 'identity' || decoded.length === 0) continue;
    if (!isKnown(name))
      throw new Failure(`sent a body in the encoding ${JSON.stringify(name)}, which nobody here reads`);
    decoded = await undo(name, decoded, maxBytes);
  }
  return decoded;
}

const isKnown = (name: string): name is keyof typeof decoders => Object.hasOwn(decoders, name);

async function undo(name: keyof typeof decoders, body: Buffer, maxBytes: number): Promise<Buffer> {
  const limits = { maxOutputLength: maxBytes };
  try {
    // Many servers say deflate and send it without the wrapper that the standard asks for.
    if (name === 'deflate' && ((body[0] ?? 0) & 15) !== 8) return await promisify(inflateRaw)(body, limits);
    return await decoders[name](body, limits);
  } catch (thrown) {
    if (codeOf(thrown) === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(maxBytes, `unpacked from ${showBytes(body.length)}`);
    throw new Failure(`sent a body that is not the ${name} that it says: ${messageOf(thrown)}`);
  }
}

export function tooLarge(maxBytes: number, how: string): Failure {
  return new Failure(
    `sent a body larger than ${showBytes(maxBytes)} (\`max_bytes\`), ${how}; reading was stopped`,
  );
}

/** The body as text, in the character set that its type names; undefined for what is no text. */
export function textOf(body: Buffer, contentType: string): string | undefined {
  const [, charset = 'utf-8'] = /;\s*charset="?([^";\s]+)/i.exec(contentType) ?? [];
  if (/^utf-?8$/i.test(charset)) return isUtf8(body) ? withoutMark(body.toString()) : undefined;
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

const withoutMark = (text: string) => (text.startsWith('\uFEFF') ? text.slice(1) : text);

import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import type { CheckContext } from '../define.ts';
import { redactZip } from './redact-zip.ts';
import type { Attachment, TestResult } from './results.ts';

const mostFiles = 200;
const mostBytesOfOne = 16 * 1024 * 1024;
const mostBytes = 96 * 1024 * 1024;

const zip = Buffer.from('504b0304', 'hex');
/** gzip, Zstandard, xz, bzip2, 7z: nothing that is packed so can be searched here. */
const packed = ['1f8b', '28b52ffd', 'fd377a585a00', '425a68', '377abcaf271c'].map((mark) =>
  Buffer.from(mark, 'hex'),
);

/**
 * Keeps traces, screenshots and all else that tests which did not simply pass have attached. What is too much, or
 * can not be searched for secrets, is left out; how many those are is the result.
 */
export async function keepAttachments(
  tests: readonly TestResult[],
  folder: string,
  context: CheckContext,
): Promise<number> {
  const inside = await realpath(folder);
  let [files, bytes, leftOut] = [0, 0, 0];
  for (const [number, test] of tests.entries()) {
    if (test.state === 'passed' || test.state === 'skipped') continue;
    for (const [at, attachment] of test.attachments.entries()) {
      context.signal.throwIfAborted();
      const content = files < mostFiles ? await contentOf(attachment, inside, context) : undefined;
      if (!content || bytes + content.length > mostBytes) {
        leftOut += 1;
        continue;
      }
      files += 1;
      bytes += content.length;
      // Redacted before it is made plain, which could make a secret look otherwise.
      const file = slug(context.redact(nameOf(attachment)), '.');
      const name = `tests/${number + 1}-${slug(test.title)}/${at + 1}-${file}`;
      await context.artifact(name, content, attachment.contentType);
    }
  }
  return leftOut;
}

async function contentOf(
  { path, body, contentType }: Attachment,
  inside: string,
  context: CheckContext,
): Promise<Buffer | undefined> {
  const bytes = body === undefined ? await readInside(path, inside) : Buffer.from(body, 'base64');
  if (!bytes || bytes.length > mostBytesOfOne) return undefined;
  const begins = (mark: Buffer) => bytes.subarray(0, mark.length).equals(mark);
  if (packed.some(begins)) return undefined;
  if (!begins(zip) && !/zip/i.test(contentType)) return bytes;
  try {
    return redactZip(bytes, (part) => Buffer.from(context.redact(part.toString('latin1')), 'latin1'));
  } catch {
    return undefined;
  }
}

/** Tests may attach any path; only what lies in the folder of this run's results is theirs to give. */
async function readInside(path: string | undefined, inside: string): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const real = await realpath(path);
    const { size } = await stat(real);
    if (!real.startsWith(`${inside}${sep}`) || size > mostBytesOfOne) return undefined;
    return await readFile(real);
  } catch {
    return undefined;
  }
}

function nameOf({ name, path }: Attachment): string {
  return path === undefined ? name : basename(path);
}

function slug(text: string, keep = ''): string {
  const plain = [...text.toLowerCase()].map((character) =>
    /[a-z0-9]/.test(character) || (keep !== '' && character === keep) ? character : '-',
  );
  return (
    plain
      .join('')
      .replace(/-+/g, '-')
      .replace(/^[-.]+|-+$/g, '')
      .slice(0, 60) || 'unnamed'
  );
}

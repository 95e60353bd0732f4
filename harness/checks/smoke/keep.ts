import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import type { CheckContext } from '../define.ts';
import { redactZip } from './redact-zip.ts';
import type { Attachment, TestResult } from './results.ts';

const mostFiles = 200;
const mostBytesOfOne = 16 * 1024 * 1024;
const mostBytes = 96 * 1024 * 1024;

const packed = new Set(['application/zip', 'application/x-zip-compressed']);

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
      const name = `tests/${number + 1}-${slug(test.title)}/${at + 1}-${nameOf(attachment)}`;
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
  if (!packed.has(contentType)) return bytes;
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
  return slug(path === undefined ? name : basename(path), '.');
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

import { createHash, randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Artifact, ArtifactContent } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import type { ArtifactRecord } from '../report/schema.ts';
import type { Journal } from './journal.ts';
import { makeFolder } from './make-folder.ts';
import type { Redactor } from './redact.ts';

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 5_000;

/** Content-addressed files under `evidence/`: redacted, then hashed, then never changed. */
export class EvidenceStore {
  readonly #folder: string;
  readonly #redactor: Redactor;
  readonly #journal: Pick<Journal, 'append' | 'fail'> | undefined;
  #records: ArtifactRecord[];
  readonly #forgotten = new Set<string>();
  readonly #writing = new Set<Promise<void>>();
  #sealed = false;

  /** `known` was kept before; what is kept from now on, and what is forgotten, gets a line in the journal of the runner. */
  constructor(
    runFolder: string,
    redactor: Redactor,
    known: readonly ArtifactRecord[] = [],
    journal?: Pick<Journal, 'append' | 'fail'>,
  ) {
    this.#journal = journal;
    this.#folder = join(runFolder, 'evidence');
    this.#redactor = redactor;
    this.#records = [...known];
  }

  /** Everything that was kept so far, in the order of keeping. */
  get records(): readonly ArtifactRecord[] {
    return this.#records;
  }

  async put(name: string, content: ArtifactContent, mediaType = 'text/plain'): Promise<Artifact> {
    if (this.#records.length >= MAX_FILES) {
      throw new CountersignError('EVIDENCE_TOO_LARGE', `a run keeps at most ${MAX_FILES} files of evidence`);
    }
    const bytes = this.#redactor.bytes(await collect(name, content));
    if (this.#sealed) throw new CountersignError('RUN_FROZEN', `the run is over, so \`${name}\` is not kept`);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = join(this.#folder, sha256);
    const record = { name: this.#redactor.text(name), media_type: mediaType, sha256, bytes: bytes.length };
    const writing = this.#write(path, bytes).then(() => this.#keep(record));
    this.#writing.add(writing);
    await writing.finally(() => this.#writing.delete(writing));
    return { name: record.name, mediaType, sha256, bytes: bytes.length, text: () => readFile(path, 'utf8') };
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await makeFolder(this.#folder);
      await writeWhole(path, bytes);
    } catch (thrown) {
      // A full disk is no fault of the check: the whole run ends here, and can be gone on with.
      throw this.#journal?.fail(thrown) ?? thrown;
    }
  }

  async #keep(record: ArtifactRecord): Promise<void> {
    if (this.#records.some(({ name, sha256 }) => name === record.name && sha256 === record.sha256)) return;
    this.#records.push(record);
    await this.#journal?.append('evidence-kept', record);
  }

  /** Of a watch only the telling samples are kept. Files go with the seal: until then another attempt may keep the same. */
  forget(records: readonly ArtifactRecord[]): void {
    const names = new Set(records.map(({ name }) => name));
    this.#records = this.#records.filter(({ name }) => !names.has(name));
    for (const { sha256 } of records) this.#forgotten.add(sha256);
    // Where it can't be written, neither can what follows, and that is told.
    if (names.size > 0) this.#journal?.append('evidence-forgotten', { names: [...names] }).catch(() => {});
  }

  /** Keeps nothing more: a check that did not stop when told to must not add to what was reported. */
  async seal(): Promise<void> {
    this.#sealed = true;
    await Promise.allSettled(this.#writing);
    const kept = new Set(this.#records.map(({ sha256 }) => sha256));
    for (const sha256 of this.#forgotten) {
      if (!kept.has(sha256)) await rm(join(this.#folder, sha256), { force: true });
    }
  }
}

/** Writes under a temporary name, syncs, then renames: a crash leaves either the whole file or none, and power loss no less. */
export async function writeWhole(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await rename(await writeAside(path, bytes, mode), path);
  await syncFolder(dirname(path));
}

/** What was renamed into a folder, or made in it, is there after power loss; where folders can't be synced, it may be. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r');
    await handle.sync();
  } catch (thrown) {
    if (!NO_FOLDER_SYNC.has((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
  }
}

const NO_FOLDER_SYNC: ReadonlySet<string> = new Set(['EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']);

/** Like `writeWhole`, but what is there already stays: false then. Of several writers at once one comes first. */
export async function writeNew(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<boolean> {
  const temporary = await writeAside(path, bytes, mode);
  try {
    await link(temporary, path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Name of a file that is still being written, or whose writer was killed. */
export const HALF_WRITTEN = /\.[0-9a-f]{12}\.tmp$/;

async function writeAside(path: string, bytes: Uint8Array | string, mode: number): Promise<string> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
  return temporary;
}

/** All of it in memory; more than one file of evidence may hold is refused. */
export async function collect(name: string, content: ArtifactContent): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  for await (const part of parts) {
    const chunk = typeof part === 'string' ? Buffer.from(part) : part;
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new CountersignError('EVIDENCE_TOO_LARGE', `the evidence \`${name}\` is over ${MAX_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

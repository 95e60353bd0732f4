import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../gate/difference.ts';
import { writeWhole } from '../gate/evidence.ts';

/** Which targets were told what about a run: nobody is told the same news twice. */
export class Memory {
  readonly #path: string;
  readonly #told: Map<string, Record<string, string[]>>;

  private constructor(path: string, told: Map<string, Record<string, string[]>>) {
    this.#path = path;
    this.#told = told;
  }

  /** Of `.countersign/notified.json`; one that can't be read has forgotten: telling twice is better than never. */
  static async open(state: string): Promise<Memory> {
    const path = join(state, 'notified.json');
    try {
      const document: unknown = JSON.parse(await readFile(path, 'utf8'));
      const told = isRecord(document) && isRecord(document['told']) ? document['told'] : {};
      return new Memory(path, new Map(Object.entries(told) as [string, Record<string, string[]>][]));
    } catch {
      return new Memory(path, new Map());
    }
  }

  told(run: string, news: string): ReadonlySet<string> {
    const targets = this.#told.get(run)?.[news];
    return new Set(Array.isArray(targets) ? targets : []);
  }

  async remember(run: string, news: string, targets: readonly string[]): Promise<void> {
    const before = this.told(run, news);
    this.#told.set(run, { ...this.#told.get(run), [news]: [...new Set([...before, ...targets])] });
    await this.#write();
  }

  /** Runs that are no more are forgotten. */
  async keepOnly(runs: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#told.keys()].filter((run) => !runs.has(run));
    for (const run of gone) this.#told.delete(run);
    if (gone.length > 0) await this.#write();
  }

  async #write(): Promise<void> {
    const document = { schema: 1, told: Object.fromEntries(this.#told) };
    await writeWhole(this.#path, `${JSON.stringify(document, null, 2)}\n`);
  }
}

import { CountersignError, messageOf } from '../../errors.ts';

export interface Selection {
  projects: readonly string[];
  /** A test has to have all of them. */
  tags: readonly string[];
  grep: string | undefined;
}

const writes = '@writes';

/** A tag ends where the next word begins: `@read` is not `@readonly`. */
const tagPattern = (tag: string) => `${RegExp.escape(withAt(tag))}(?=\\s|$)`;

/** Patterns of Playwright do not tell capital letters from small ones. */
export function doesWrite({ tags }: { tags: readonly string[] }): boolean {
  return tags.some((tag) => tag.toLowerCase() === writes);
}

export function withAt(tag: string): string {
  return tag.startsWith('@') ? tag : `@${tag}`;
}

/** Arguments of Playwright for the tests that run; those that write are left out where nothing may be written. */
export function argumentsToRun(selection: Selection, readOnly: boolean): string[] {
  return [...common(selection, selection.tags), ...(readOnly ? ['--grep-invert', tagPattern(writes)] : [])];
}

/** Arguments of Playwright for the tests of this selection that write. */
export function argumentsToWrite(selection: Selection): string[] {
  return common(selection, [...selection.tags, writes]);
}

function common({ projects, grep }: Selection, tags: readonly string[]): string[] {
  const wanted = [...tags.map(tagPattern), ...(grep === undefined ? [] : [`(?:${grep})`])];
  const pattern = wanted.map((each) => `(?=[\\s\\S]*${each})`).join('');
  return [
    ...projects.map((project) => `--project=${project}`),
    ...(pattern === '' ? [] : ['--grep', pattern]),
  ];
}

/** What is wrong with an option that only Playwright would otherwise complain about, in its own way. */
export function selectionProblem(option: 'grep' | 'shard', text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (option === 'grep') return patternProblem(text);
  const [, part = '', of = ''] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  return part !== '' && Number(part) <= Number(of) ? undefined : `\`${text}\` is no shard such as 1/3`;
}

function patternProblem(text: string): string | undefined {
  try {
    new RegExp(text);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

export function refuseBadSelection(options: { grep?: string; shard?: string }): void {
  for (const option of ['grep', 'shard'] as const) {
    const problem = selectionProblem(option, options[option]);
    if (problem !== undefined) throw new CountersignError('CONFIG_INVALID', `\`${option}\`: ${problem}`);
  }
}

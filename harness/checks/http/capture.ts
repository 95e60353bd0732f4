import { CountersignError } from '../../errors.ts';
import { Redactor as EverySpelling } from '../../gate/redact.ts';
import type { HttpAnswer } from '../../sources/define.ts';
import { pointTo } from '../json.ts';

/** Takes values out of an answer, unredacted, for the requests that follow. */
export function capture(
  wanted: Readonly<Record<string, string>>,
  answer: HttpAnswer,
  step: string,
  into: Map<string, string>,
): void {
  for (const [name, from] of Object.entries(wanted)) {
    const value = from.startsWith('header:')
      ? answer.headers[from.slice('header:'.length).toLowerCase()]
      : pointTo(answer.json(), from);
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new CountersignError(
        'SOURCE_ANSWER',
        `step \`${step}\` answered ${answer.status} without a single value at \`${from}\` to capture as \`${name}\``,
      );
    }
    into.set(`capture.${name}`, String(value));
  }
}

/** Shorter values would tear ordinary words apart. */
const shortestConcealed = 4;

/** The redaction of the run, and what this check was told to conceal on top. */
export class Redactor {
  readonly #known: (text: string) => string;
  readonly #concealed = new EverySpelling();

  constructor(known: (text: string) => string) {
    this.#known = known;
  }

  conceal(answer: HttpAnswer, pointers: readonly string[]): void {
    if (pointers.length === 0) return;
    const document = parsedOrNothing(answer);
    for (const pointer of pointers) {
      const value = pointTo(document, pointer);
      if (typeof value === 'number' || (typeof value === 'object' && value !== null)) {
        throw new CountersignError(
          'SOURCE_ANSWER',
          `what is to be concealed at \`${pointer}\` is no text, so the report would show it`,
          { hint: 'name the texts in it one by one; a number can not be concealed' },
        );
      }
      if (typeof value === 'string' && value.length >= shortestConcealed) this.#concealed.add(value);
    }
  }

  redact = (text: string): string => {
    return this.#concealed.text(this.#known(text));
  };
}

/** An answer without JSON, such as that of a refused login, has nothing to conceal. */
function parsedOrNothing(answer: HttpAnswer): unknown {
  try {
    return answer.json();
  } catch {
    return undefined;
  }
}

/** Text that is HTML already. Only `html` makes it, so nothing reaches a page unescaped. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Content = Markup | string | number | undefined | readonly Content[];

/** A template whose values are escaped, unless they come from such a template themselves. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, part, index) => text + show(values[index - 1]) + part));
}

export const nothing = html``;

/** Prose of ours marks code with backticks. */
export function prose(text: string): Markup {
  const parts = text.split(/`([^`]+)`/);
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function show(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.toString();
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content));
  return content.map(show).join('');
}

/**
 * Also makes visible what would be read otherwise than it is written: control characters, and the marks that
 * turn the direction of text around.
 */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
      (character) => {
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      },
    );
}

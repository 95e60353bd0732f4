import type { ArtifactRecord, SignOff } from '../schema.ts';
import { html, type Markup } from './markup.ts';

/** PNG bytes of evidence by their SHA-256. */
export type Pictures = ReadonlyMap<string, Uint8Array>;

/** A page that opens at once and can be sent on, even if a hundred tests fail. */
const largest = 1024 * 1024;
const most = 8;

const signature = Buffer.from('89504e470d0a1a0a', 'hex');

/** Pictures of what did not simply pass: the first few that are not too large. */
export function picturesToShow({ items }: SignOff): ArtifactRecord[] {
  const found = items
    .filter(({ state }) => state !== 'passed')
    .flatMap(({ attempts }) => attempts.flatMap(({ artifacts }) => artifacts))
    .filter(({ media_type, bytes }) => media_type === 'image/png' && bytes <= largest);
  return [...new Map(found.map((file) => [file.sha256, file])).values()].slice(0, most);
}

export function isPng(bytes: Uint8Array): boolean {
  return bytes.length <= largest && signature.equals(bytes.subarray(0, signature.length));
}

/** As part of the page: it loads nothing, so that it shows the same wherever it is opened. */
export function picturesOf(files: readonly ArtifactRecord[], pictures: Pictures | undefined): Markup {
  const shown = files.flatMap(({ name, sha256 }) => {
    const bytes = pictures?.get(sha256);
    if (!bytes) return [];
    return [
      html`<figure class="picture"><img alt="${name}" src="data:image/png;base64,${Buffer.from(bytes).toString('base64')}">
<figcaption class="quiet">${name}</figcaption></figure>`,
    ];
  });
  return html`${shown}`;
}

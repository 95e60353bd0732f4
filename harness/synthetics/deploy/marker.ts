import type { JsonObject } from '../../checks/json.ts';
import { CountersignError } from '../../errors.ts';
import type { Marking, Wanted } from './define.ts';

/** Services lower the case of tags: so do we, and two names that differ in nothing else are refused by `distinct`. */
export function markerOf({ id, environment }: Marking, check: string): string {
  return `${id}/${environment}/${check}`.toLowerCase();
}

export function isMarkerOf({ id, environment }: Marking, marker: string): boolean {
  return marker.startsWith(`${id}/${environment}/`.toLowerCase());
}

export const checkOfMarker = (marker: string) => marker.slice(marker.lastIndexOf('/') + 1);

export const markerKey = 'countersign';

/** A tag of the form `key:value`. */
export const markerTag = (marker: string) => `${markerKey}:${marker}`;

export function markerInTags(tags: unknown): string | undefined {
  if (!Array.isArray(tags)) return undefined;
  const tag = tags.find((each) => typeof each === 'string' && each.startsWith(`${markerKey}:`));
  return tag?.slice(markerKey.length + 1);
}

/** The payload with its marker among the tags. */
export function marked(marking: Marking, check: string, payload: JsonObject): Wanted {
  const marker = markerOf(marking, check);
  const tags = Array.isArray(payload['tags']) ? payload['tags'] : [];
  return { check, marker, payload: { ...payload, tags: [...tags, markerTag(marker)] } };
}

/** Throws CONFIG_INVALID where two checks would have one marker. */
export function distinct(wanted: readonly Wanted[]): void {
  const seen = new Map<string, string>();
  for (const { check, marker } of wanted) {
    const before = seen.get(marker);
    if (before !== undefined) {
      throw new CountersignError(
        'CONFIG_INVALID',
        `\`${before}\` and \`${check}\` differ in capitals only, which tags of a service do not keep`,
        { hint: 'rename one of them' },
      );
    }
    seen.set(marker, check);
  }
}

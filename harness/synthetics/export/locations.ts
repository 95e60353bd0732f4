import type { Check } from '../definition.ts';
import type { Ledger } from './ledger.ts';

export interface Places {
  /** Of the service, for reasons. */
  service: string;
  /** Value of the setting: `eu=aws:eu-central-1,aws:us-east-1`, names of the file or none before each. */
  setting: string;
  /** Was it given, or is it the default? */
  given: boolean;
  /** What the service's own names look like: those need no entry in the setting. */
  own: RegExp;
}

/** Where the service probes a check from, in its own names; never empty. */
export function placesOf(ledger: Ledger<Check>, { service, setting, given, own }: Places): string[] {
  const entries = setting.split(',').map((entry) => {
    const [name, place] = entry.trim().split('=');
    return { name: name ?? '', place: place ?? name ?? '' };
  });
  const all = entries.map(({ place }) => place);
  const wanted = ledger.take('locations');
  if (wanted === undefined) {
    if (!given)
      ledger.lose('locations', 'all', `${service} wants places by name: give --set locations=NAMES`, all);
    return all;
  }
  const places = wanted.flatMap((name, index) => {
    const known = entries.find((entry) => entry.name === name)?.place ?? (own.test(name) ? name : undefined);
    if (known === undefined)
      ledger.lose(
        `locations.${index}` as 'locations',
        name,
        `${service} has no such place: give --set locations=${name}=PLACE`,
      );
    return known ?? [];
  });
  if (places.length > 0) return [...new Set(places)];
  ledger.lose('locations', wanted, `${service} knows none of them`, all);
  return all;
}

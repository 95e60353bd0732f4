import type { Ledger } from '../ledger.ts';
import { partsOf, plain, secretsIn } from '../templates.ts';
import type { Surroundings } from './module.ts';

export const inClear = 'the exporter reads secrets from files, and only for Authorization';

/** Headers in plain text, and an Authorization whose credentials are in a file. */
export function headersOf(
  ledger: Pick<Ledger<object>, 'lose'>,
  given: Readonly<Record<string, string>>,
  { secretsFolder }: Surroundings,
): { headers: Record<string, string>; authorization?: object } {
  const headers: Record<string, string> = {};
  let authorization: object | undefined;
  for (const [name, value] of Object.entries(given)) {
    const [first, second, ...more] = partsOf(value);
    const credentials = second && 'secret' in second && more.length === 0 ? second.secret : undefined;
    const scheme = first && 'text' in first ? /^([A-Za-z]+) $/.exec(first.text)?.[1] : undefined;
    if (secretsIn(value).length === 0) headers[name] = plain(value);
    else if (name.toLowerCase() === 'authorization' && scheme !== undefined && credentials !== undefined) {
      authorization = { type: scheme, credentials_file: `${secretsFolder}/${credentials}` };
    } else ledger.lose(`headers.${name}`, value, inClear);
  }
  return { headers, ...(authorization === undefined ? {} : { authorization }) };
}

import { CountersignError } from '../../errors.ts';
import type { Surroundings } from './define.ts';

/** Values of the variables, or SECRET_MISSING with the names of all that are not set. */
export function credentialsFrom<const N extends readonly string[]>(
  { env }: Pick<Surroundings, 'env'>,
  title: string,
  names: N,
): { [K in keyof N]: string } {
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new CountersignError('SECRET_MISSING', `${title} needs ${missing.join(' and ')}`, {
      hint: 'set them in the environment; they are never taken from the command line',
    });
  }
  for (const name of names) {
    if (/^[\x21-\x7e]+$/.test(env[name] ?? '')) continue;
    throw new CountersignError('USAGE', `${name} holds a character that no key has`, {
      hint: 'a space or the end of a line, perhaps, from copying it',
    });
  }
  return names.map((name) => env[name] ?? '') as { [K in keyof N]: string };
}

/** The address to ask: https, or plain http on this machine alone, since keys are sent there. */
export function apiAddress({ apiUrl }: Pick<Surroundings, 'apiUrl'>, usual: string): string {
  if (apiUrl === undefined) return usual;
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : undefined;
  const local = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url && (local || url.protocol === 'https:') && !url.username && !url.search && !url.hash)
    return apiUrl.replace(/\/+$/, '');
  throw new CountersignError('USAGE', '--api-url takes an https URL, or an http one of this machine', {
    hint: 'credentials are sent there',
  });
}

import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { CountersignError } from '../../errors.ts';
import type { LookUp } from './context.ts';
import { Failure } from './looking.ts';
import { asTrouble, codeOf } from './trouble.ts';

export const systemLookUp: LookUp = (host, done) => {
  lookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []));
};

/** Why a name gave no address: it has none, or this machine could not ask. */
export async function whyNotFound(error: unknown, host: string): Promise<Failure | CountersignError> {
  const code = codeOf(error);
  if (code === 'ENOTFOUND' || code === 'ENODATA') return noSuchHost(host);
  if (code !== 'EAI_AGAIN') return asTrouble(error, host);
  return meaningOf(await answerOfNameServer(host), host);
}

/** What it means that the system could not say, once a name server was asked itself: its code, `OK` when it knew. */
export function meaningOf(answer: string, host: string): Failure | CountersignError {
  if (answer === 'ENOTFOUND' || answer === 'ENODATA') return noSuchHost(host);
  if (answer === 'ESERVFAIL' || answer === 'EREFUSED') {
    return new Failure(
      `could not look up ${host}: the name servers of its domain do not answer as they should`,
    );
  }
  const why =
    answer === 'OK' ? 'the system would not say, although a name server knows it' : 'no name server answered';
  return new CountersignError('SOURCE_UNREACHABLE', `this machine could not look up ${host}: ${why}`, {
    hint: 'is the network of this machine up, and is its name server?',
  });
}

const noSuchHost = (host: string) => new Failure(`found no host of the name ${host}`);

/** The system does not tell a silent name server from one that has nothing but bad news: this does. */
async function answerOfNameServer(host: string): Promise<string> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  return resolver.resolve4(host).then(
    () => 'OK',
    (error: unknown) => codeOf(error),
  );
}

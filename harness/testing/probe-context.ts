import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { CountersignError } from '../errors.ts';
import type { LookUp, ProbeContext } from '../synthetics/probe/context.ts';

export interface ProbeContextOptions extends Partial<ProbeContext> {
  /** What stands for `BASE_URL`, `vars.NAME`, `secret.NAME`; secrets are redacted from the start. */
  values?: Readonly<Record<string, string>>;
}

/** A context for tests of probes, on the machine's own clock: there is a real network behind it. */
export function probeContext({ values = {}, ...rest }: ProbeContextOptions = {}): ProbeContext {
  const root = rest.root ?? process.cwd();
  const secrets = Object.entries(values).filter(([name]) => name.startsWith('secret.'));
  return {
    at: new Date('2026-11-25T08:30:00.000Z'),
    location: 'here',
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    signal: new AbortController().signal,
    root,
    resolve: (path) => resolve(root, path),
    tool: async (name) => (name === 'node' ? execPath : name),
    value: async (name) => {
      const value = values[name];
      if (value === undefined) throw new CountersignError('CONFIG_INVALID', `\`\${${name}}\` is not known`);
      return value;
    },
    redact: (text) => secrets.reduce((out, [, secret]) => out.replaceAll(secret, '[redacted]'), text),
    ...rest,
  };
}

/** Names and the addresses that each look-up gives in turn, the last one for ever. */
export function lookUpFrom(names: Readonly<Record<string, readonly string[]>>): LookUp {
  const asked = new Map<string, number>();
  return (host, done) => {
    const addresses = names[host] ?? [];
    const turn = asked.get(host) ?? 0;
    asked.set(host, turn + 1);
    const address = addresses[Math.min(turn, addresses.length - 1)];
    if (address === undefined) done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    else done(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
}

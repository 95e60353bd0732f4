import { parseArgs } from 'node:util';

const benches = [
  'start-up',
  'gate',
  'verify',
  'lint',
  'journal',
  'stack',
  'reconcile',
  'purchase',
  'cash-out',
  'payout-worker',
  'pool',
  'k6',
  'smoke',
  'probe',
  'synthetics',
] as const;

const help = `Usage: node bench/run.ts [--only NAME]

Prints figures, as ratios within this run wherever there is something to compare with.
Benches: ${benches.join(', ')}
`;

const { values } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' }, only: { type: 'string', multiple: true } },
});

const unknown = values.only?.filter((name) => !(benches as readonly string[]).includes(name)) ?? [];
if (values.help) {
  process.stdout.write(help);
} else if (unknown.length > 0) {
  process.stderr.write(`bench: no bench ${unknown.join(', ')}; there are ${benches.join(', ')}\n`);
  process.exitCode = 2;
} else {
  for (const name of benches) {
    if (values.only && !values.only.includes(name)) continue;
    const { bench } = (await import(`./${name}.bench.ts`)) as { bench(): Promise<string[]> };
    process.stdout.write(`${(await bench()).join('\n')}\n`);
  }
}

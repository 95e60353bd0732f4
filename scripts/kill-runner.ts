import { parseArgs } from 'node:util';
import { readState } from '#harness/stack/state.ts';
import { type Ended, endOf, type Kill, Runs } from '#scripts/killed-runs.ts';
import { resetFlags, untilNoSync } from '#scripts/three-instances.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/kill-runner.ts [options]

Runs the gate mono-production-release on the stack of local-production, which has to be up: once unbroken, then with a
runner that is killed (kill -9) at random moments of its life and gone on with, until so many kills are survived. Items
that write and were cut off are run again once what they left behind has ended, as a person would. Prints each kill;
exits with 1 unless the verdict and the state of every item are those of the unbroken run.

  --kills N     in all; default 20
  --per-run N   at most; default 7: each costs a watch the time until somebody goes on with it, and a watch that
                has seen too little is an error
  --seed N      of the moments; default 1
  --rehearse N  as the stack was started with; default 30

before it: countersign stack up --env local-production --rehearse 30, and a signed run of mono-staging-dry-run
`;

const environment = 'local-production';
const smallAccount = '7c2e3d4f-5b6a-4f79-9c88-1d2e3f4a5b6c';
const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      kills: text('20'),
      'per-run': text('7'),
      seed: text('1'),
      rehearse: text('30'),
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const [kills, perRun, seed] = [values.kills, values['per-run'], values.seed].map(Number);
  if (!kills || !perRun || seed === undefined || ![kills, perRun, seed].every(Number.isInteger)) {
    process.stderr.write(help);
    return 2;
  }
  const stack = await readState(process.cwd(), environment);
  if (!stack) throw new Error(`the stack of ${environment} is not up`);
  let done = 0;
  const runs = new Runs({
    root: process.cwd(),
    begin: ['gate', 'run', 'mono-production-release', '--env', environment, '--rehearse', values.rehearse],
    random: randomOf(seed),
    settle: () => untilNoSync(stack, smallAccount),
    onKill(kill) {
      done += 1;
      say(lineOf(done, kill));
    },
    onRepeat: (items) => say(`         run again: ${items.join(', ')}`),
  });
  await resetFlags(stack);
  const began = performance.now();
  const unbroken = await runs.unbroken();
  const lastsMs = performance.now() - began;
  say(`unbroken: ${unbroken.decision}, ${(lastsMs / 1000).toFixed(0)} s`);
  if (unbroken.decision !== 'REHEARSAL_GO')
    throw new Error('a run that does not get to its end proves nothing');
  say('  kill   alive  journal  its last line');
  let differences = 0;
  while (done < kills) {
    await resetFlags(stack);
    differences += compare(unbroken, await runs.killed(Math.min(perRun, kills - done), lastsMs / perRun));
  }
  say(differences === 0 ? 'every killed run ended as the unbroken one' : 'A KILLED RUN ENDED DIFFERENTLY');
  return differences === 0 ? 0 : 1;
}

/** How many lines differ; each is told. */
function compare(unbroken: Ended, killed: Ended): number {
  const [wanted, found] = [endOf(unbroken), endOf(killed)];
  const differing = found.filter((line) => !wanted.includes(line));
  say(`killed: ${killed.decision}, ${killed.resumptions} resumptions, ${differing.length} differences`);
  for (const line of differing) say(`  ${line}`);
  return differing.length + Math.abs(found.length - wanted.length);
}

function lineOf(number: number, { aliveMs, lines, last }: Kill): string {
  const alive = `${(aliveMs / 1000).toFixed(1)} s`;
  return `${String(number).padStart(6)} ${alive.padStart(7)} ${String(lines).padStart(8)}  ${last}`;
}

/** mulberry32: the same seed gives the same moments. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

await runMain('kill-runner', main, 2);

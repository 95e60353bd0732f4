import { join, relative } from 'node:path';
import type { Static } from 'typebox';
import smoke from '../../checks/smoke/smoke.ts';
import { openProject, pickEnvironment, readEnvironments } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { type FactSchema, factsAsJson } from '../../gate/facts.ts';
import { Redactor } from '../../gate/redact.ts';
import { type Judgement, judgeFacts } from '../../gate/verdict.ts';
import { contextOn, withStack } from '../../gate/with-stack.ts';
import { systemClock } from '../clock.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  type Io,
  integerFlag,
  jsonFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { oneLine, paint, seconds } from '../paint.ts';
import { keepFiles, tellingWhere } from './keep-files.ts';

type Facts = Static<typeof smoke.facts>;

export const command: Command = {
  usage: '[--env NAME] [--tag TAG] [--grep PATTERN] [--shard N/M] [--repeat N] [--read-only] [--json]',
  about: `
Runs the Playwright tests of the project against an environment; a local stack that is not up is started and
ended. Where the environment allows no writes, and with --read-only, tests tagged @writes are left out and
named. What failed, its traces and screenshots are kept under .countersign/smoke/. Exits with 0 when every test
passed at its first attempt, with 1 when one did not, with 3 when none ran or the runner broke.

example: countersign smoke run --env local --tag @readonly`,
  flags: {
    env: {
      type: 'string',
      value: 'NAME',
      summary: 'environment; default: the only one there is, else `local`',
    },
    tag: {
      type: 'string',
      value: 'TAG',
      multiple: true,
      summary: 'only tests with this tag; several: with all',
    },
    grep: { type: 'string', value: 'PATTERN', summary: 'only tests whose title this pattern fits' },
    shard: { type: 'string', value: 'N/M', summary: 'only this part of the tests' },
    repeat: { type: 'string', value: 'N', summary: 'run each test so often' },
    'read-only': { type: 'boolean', summary: 'leave out tests tagged @writes here, too' },
    ...jsonFlag,
  },
  async run(args, io) {
    positionals(args, []);
    const options = optionsFrom(args);
    const project = await openProject(io.cwd);
    const environment = await chosen(project.root, stringFlag(args, 'env'));
    const say = (line: string) => io.stderr.write(`${line}\n`);
    const ground = { environment, project, env: io.env, clock: systemClock, signal: io.signal, say };
    const redactor = new Redactor();
    const kept = keepFiles(join(project.state, 'smoke'), redactor, systemClock.now());
    const facts = await withStack(ground, redactor, async (resolved) => {
      const shared = contextOn(ground, resolved, redactor);
      say(`smoke on ${environment.title}`);
      const own = { gate: 'smoke', runId: kept.id, item: 'smoke', attempt: 1, needs: {}, progress: say };
      try {
        const context = { ...shared, ...own, artifact: kept.artifact };
        const work = () => smoke.measure(options, context);
        return (await tellingWhere(kept, { cwd: io.cwd, say }, work)).facts;
      } finally {
        await shared.sources.close();
      }
    });
    const judged = judgeFacts(smoke.expect, smoke.facts as FactSchema, factsAsJson(facts), {});
    const folder = relative(io.cwd, kept.folder);
    if (booleanFlag(args, 'json')) {
      const { state: verdict } = judged;
      const answer = { state: verdict, environment: environment.name, folder, ...facts };
      io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    } else show(io, facts, judged, folder);
    return { passed: 0, failed: 1, error: 3 }[judged.state];
  },
};

function optionsFrom(args: Arguments): Parameters<typeof smoke.measure>[0] {
  const { tag = [] } = args.flags;
  const [grep, shard] = [stringFlag(args, 'grep'), stringFlag(args, 'shard')];
  const repeat = integerFlag(args, 'repeat', { min: 1, max: 100 });
  return {
    tags: [tag].flat().map(String),
    ...(grep === undefined ? {} : { grep }),
    ...(shard === undefined ? {} : { shard }),
    ...(repeat === undefined ? {} : { repeat }),
    ...(booleanFlag(args, 'read-only') ? { read_only: true } : {}),
  };
}

export async function chosen(root: string, name: string | undefined) {
  const environments = await readEnvironments(root);
  const names = Object.keys(environments.all);
  const fallback = names.length === 1 ? names[0] : names.find((each) => each === 'local');
  const wanted = name ?? fallback;
  if (wanted !== undefined) return pickEnvironment(environments, wanted);
  throw new CountersignError('USAGE', `environments: ${names.join(', ') || 'none'}`, {
    hint: 'name one with --env',
  });
}

const marks = {
  passed: { sign: '✓', colour: 'green' },
  flaky: { sign: '≈', colour: 'yellow' },
  failed: { sign: '✗', colour: 'red' },
  timed_out: { sign: '✗', colour: 'red' },
  skipped: { sign: '·', colour: 'dim' },
} as const;

function show({ stdout }: Io, facts: Facts, { state, reason }: Judgement, folder: string): void {
  for (const { title, file, project, state: how, duration_ms, error } of facts.tests) {
    const { sign, colour } = marks[how as keyof typeof marks];
    const where = `${file}${project ? ` [${project}]` : ''}`;
    const mark = paint(stdout, colour, `${sign} ${how.padEnd(9)}`);
    stdout.write(`${mark} ${oneLine(title)}  ${paint(stdout, 'dim', `${where} ${seconds(duration_ms)}`)}\n`);
    if (error) stdout.write(`            ${oneLine(error)}\n`);
  }
  for (const { title, file } of facts.left_out) {
    stdout.write(
      `${paint(stdout, 'yellow', '- left out ')} ${oneLine(title)}  ${paint(stdout, 'dim', file)}\n`,
    );
  }
  if (facts.read_only) stdout.write('read-only: tests tagged @writes are left out\n');
  const counts = (['passed', 'flaky', 'failed', 'timed_out', 'skipped', 'did_not_run'] as const)
    .filter((name) => facts[name] > 0)
    .map((name) => `${facts[name]} ${name.replaceAll('_', ' ')}`);
  const leftOut = facts.left_out_total > 0 ? [`${facts.left_out_total} left out`] : [];
  const verdict = paint(stdout, 'bold', paint(stdout, state === 'passed' ? 'green' : 'red', state));
  stdout.write(`\n${verdict}  ${[...counts, ...leftOut].join(', ')} (${seconds(facts.duration_ms)})\n`);
  if (reason) stdout.write(`  ${oneLine(reason)}\n`);
  stdout.write(`kept in ${folder}\n`);
}

import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Static } from 'typebox';
import latency, { type LatencySettings } from '../../checks/latency/latency.ts';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { type FactSchema, factsAsJson } from '../../gate/facts.ts';
import { Redactor } from '../../gate/redact.ts';
import { type Judgement, judgeFacts } from '../../gate/verdict.ts';
import { contextOn, withStack } from '../../gate/with-stack.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, type Io, jsonFlag, positionals, stringFlag } from '../command.ts';
import { oneLine, paint } from '../paint.ts';
import { keepFiles, tellingWhere } from '../smoke/keep-files.ts';
import { chosen } from '../smoke/run.ts';
import { loadFlags, nameOf, optionsFrom } from './options.ts';

type Facts = Static<typeof latency.facts>;

export const command: Command = {
  usage:
    'SCRIPT [--env NAME] [--source NAME] [--vus N] [--duration TIME] [--compare PATH] [--save FILE] [--json]',
  about: `
Runs a k6 script of the project against an environment; a local stack that is not up is started and ended. A load
may change what it loads, so the environment must allow writes. Chart, time series and log are kept under
.countersign/latency/. Exits with 1 when a request, check or threshold failed, with 3 when nothing was measured.

example: countersign latency run smoke/latency/health.ts --env local --source service --vus 5 --duration 20s`,
  flags: {
    env: {
      type: 'string',
      value: 'NAME',
      summary: 'environment; default: the only one there is, else `local`',
    },
    source: {
      type: 'string',
      value: 'NAME',
      summary: 'http source whose URL is BASE_URL; default the only one',
    },
    ...loadFlags,
    'max-duration': { type: 'string', value: 'TIME', summary: 'refuse a longer load; default 15m' },
    'allow-remote': { type: 'boolean', summary: 'the load may leave this machine; never on a local stack' },
    window: { type: 'string', value: 'TIME', summary: 'percentiles for each; default 10s' },
    compare: {
      type: 'string',
      value: 'PATH',
      summary: 'an earlier run: its facts or its folder, in the project',
    },
    save: { type: 'string', value: 'FILE', summary: 'write the facts, to compare a later run with' },
    ...jsonFlag,
  },
  async run(args, io) {
    const [script] = positionals(args, ['SCRIPT']);
    const project = await openProject(io.cwd);
    const inProject = (file: string) => relative(project.root, resolve(io.cwd, file));
    const compare = stringFlag(args, 'compare');
    const options = optionsFrom(args, inProject(script), {
      source: stringFlag(args, 'source'),
      window: stringFlag(args, 'window'),
      max_duration: stringFlag(args, 'max-duration'),
      compare: compare === undefined ? undefined : inProject(compare),
    } as Partial<LatencySettings>);
    const environment = await chosen(project.root, stringFlag(args, 'env'));
    if (!environment.writes) {
      throw new CountersignError('CONFIG_INVALID', `environment \`${environment.name}\` allows no writes`, {
        hint: 'a load may change what it loads: `writes: true` of an environment allows it',
      });
    }
    const say = (line: string) => io.stderr.write(`${line}\n`);
    const ground = { environment, project, env: io.env, clock: systemClock, signal: io.signal, say };
    const redactor = new Redactor();
    const kept = keepFiles(join(project.state, 'latency'), redactor, systemClock.now());
    const facts = await withStack(ground, redactor, async (resolved) => {
      const shared = contextOn(ground, resolved, redactor);
      const own = {
        gate: 'latency',
        runId: kept.id,
        item: nameOf(script),
        attempt: 1,
        needs: {},
        progress: say,
      };
      try {
        const context = { ...shared, ...own, artifact: kept.artifact };
        const work = () => latency.measure(options, context);
        const { facts } = await tellingWhere(kept, { cwd: io.cwd, say }, work);
        await kept.artifact('facts.json', `${JSON.stringify(facts, null, 2)}\n`, 'application/json');
        return facts;
      } finally {
        await shared.sources.close();
      }
    });
    return conclude(io, facts, {
      folder: relative(io.cwd, kept.folder),
      save: stringFlag(args, 'save'),
      json: booleanFlag(args, 'json'),
    });
  },
};

interface Conclusion {
  folder: string;
  save: string | undefined;
  json: boolean;
}

async function conclude(io: Io, facts: Facts, { folder, save, json }: Conclusion): Promise<number> {
  const judged = judgeFacts(latency.expect, latency.facts as FactSchema, factsAsJson(facts), {});
  if (save !== undefined) await writeFile(resolve(io.cwd, save), `${JSON.stringify(facts, null, 2)}\n`);
  if (json) io.stdout.write(`${JSON.stringify({ state: judged.state, folder, ...facts }, null, 2)}\n`);
  else show(io, facts, judged, folder);
  return { passed: 0, failed: 1, error: 3 }[judged.state];
}

const ms = (value: number) => `${Number(value.toPrecision(3))} ms`;

function show({ stdout }: Io, facts: Facts, { state, reason }: Judgement, folder: string): void {
  const { worst_window: worst } = facts;
  const mark = (ok: boolean) => paint(stdout, ok ? 'green' : 'red', ok ? '✓' : '✗');
  const lines = [
    `requests   ${facts.requests}, ${facts.errors} failed, ${Number(facts.rate.toPrecision(3))}/s`,
    `latency    p50 ${ms(facts.p50_ms)}, p90 ${ms(facts.p90_ms)}, p95 ${ms(facts.p95_ms)}, p99 ${ms(facts.p99_ms)}, max ${ms(facts.max_ms)}`,
    `worst      p95 ${ms(worst.p95_ms)} in the ${facts.window_ms / 1_000} s from ${worst.start} (${worst.requests} requests)`,
    ...facts.checks.map(
      ({ name, passes, fails }) =>
        `${mark(fails === 0)} check    ${oneLine(name)}: ${passes} passed, ${fails} failed`,
    ),
    ...facts.thresholds.map(({ metric, expression, ok }) => `${mark(ok)} threshold ${metric}: ${expression}`),
    ...facts.comparisons.map(
      ({ percentile, before_ms, now_ms, ratio, low, high }) =>
        `compared   ${percentile} ${ms(before_ms)} before, ${ms(now_ms)} now: ${ratio} times (95 %: ${low} to ${high})`,
    ),
    '',
    paint(stdout, 'bold', paint(stdout, state === 'passed' ? 'green' : 'red', state)),
  ];
  stdout.write(`${lines.join('\n')}\n${reason ? `  ${oneLine(reason)}\n` : ''}kept in ${folder}\n`);
}

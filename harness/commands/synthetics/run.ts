import { appendFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CountersignError } from '../../errors.ts';
import type { Definition } from '../../synthetics/definition.ts';
import { checkFile, rootAround } from '../../synthetics/ground.ts';
import { loadSynthetics } from '../../synthetics/load.ts';
import { countStates, stateOfRun } from '../../synthetics/outcome.ts';
import type { RunOfChecks } from '../../synthetics/render.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  type Io,
  integerFlag,
  listFlag,
  stringFlag,
} from '../command.ts';
import { countingLine } from './counting-line.ts';
import { probeOn } from './probe-on.ts';
import { tableOf } from './table.ts';

const formats = ['table', 'json', 'junit', 'github'] as const;
type Format = (typeof formats)[number];

export const command: Command = {
  usage:
    '[FILE] [--env NAME] [--tag TAG] [--check NAME] [--concurrency N] [--keep-connections] [--format FORMAT] [--output FILE]',
  about: `
Probes every check of a file once, against an environment of that file; a local stack that is not up is started and
ended. FILE is needed only where there are several. Exits with 0 when every check passed (one that passed after a
retry is named), with 1 when one failed, with 3 when one could not be probed or there was nothing to probe.

example: countersign synthetics run --env staging --tag certificate --format junit --output synthetics.xml`,
  flags: {
    env: {
      type: 'string',
      value: 'NAME',
      summary: 'environment of the file; default: the only one there is, else `local`',
    },
    tag: {
      type: 'string',
      value: 'TAG',
      multiple: true,
      summary: 'only checks with this tag; several: with all',
    },
    check: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      summary: 'only this check; several: each of them',
    },
    concurrency: { type: 'string', value: 'N', summary: 'how many at the same time; default 20' },
    'keep-connections': {
      type: 'boolean',
      summary: '`connection: kept` for every http check that does not say `fresh`: faster, sees less',
    },
    format: { type: 'string', value: 'FORMAT', summary: `${formats.join(', ')}; default table` },
    output: { type: 'string', value: 'FILE', summary: 'write that there, and a table to stdout' },
    json: { type: 'boolean', summary: 'the same as --format json' },
  },
  async run(args, io) {
    const [named, extra] = args.positionals;
    if (extra !== undefined) throw new CountersignError('USAGE', `\`${extra}\` is one argument too many`);
    const format = formatOf(args);
    const root = rootAround(io.cwd);
    const file = await checkFile(root, io.cwd, named);
    const definition = await loadSynthetics(join(root, file), file);
    const line = countingLine(io.stderr);
    io.onExit(() => line.close());
    const run = await probeOn(definition, {
      root,
      io,
      environment: environmentOf(definition, stringFlag(args, 'env')),
      selection: { tags: listFlag(args, 'tag'), names: listFlag(args, 'check') },
      concurrency: integerFlag(args, 'concurrency', { min: 1, max: 1_000 }) ?? 20,
      keepConnections: booleanFlag(args, 'keep-connections'),
      line,
    });
    line.close();
    await print(io, run, format, stringFlag(args, 'output'));
    return { passed: 0, failed: 1, error: 3 }[stateOfRun(countStates(run.observations))];
  },
};

function formatOf(args: Arguments): Format {
  const wanted = stringFlag(args, 'format') ?? (booleanFlag(args, 'json') ? 'json' : 'table');
  const format = formats.find((each) => each === wanted);
  if (format) return format;
  throw new CountersignError('USAGE', `there is no format \`${wanted}\``, {
    hint: `known: ${formats.join(', ')}`,
  });
}

function environmentOf(
  { environments = {}, file }: Definition,
  named: string | undefined,
): string | undefined {
  const names = Object.keys(environments);
  if (named !== undefined || names.length === 0) return named;
  const wanted = names.length === 1 ? names[0] : names.find((name) => name === 'local');
  if (wanted !== undefined) return wanted;
  throw new CountersignError('USAGE', `environments of ${file}: ${names.join(', ')}`, {
    hint: 'name one with --env',
  });
}

async function print(io: Io, run: RunOfChecks, format: Format, output: string | undefined): Promise<void> {
  const text = await rendered(io, run, format);
  if (output !== undefined) await writeFile(resolve(io.cwd, output), text);
  else io.stdout.write(text);
  if (output !== undefined || format === 'github') io.stdout.write(tableOf(run, io.stdout));
}

async function rendered(io: Io, run: RunOfChecks, format: Format): Promise<string> {
  if (format === 'table') return tableOf(run, io.stdout);
  if (format === 'json') return asJson(run);
  const { annotationsOfRun, junitOfRun, summaryOfRun } = await import('../../synthetics/render.ts');
  if (format === 'junit') return junitOfRun(run);
  const summary = io.env['GITHUB_STEP_SUMMARY'];
  if (summary) await appendFile(summary, summaryOfRun(run));
  return annotationsOfRun(run)
    .map((line) => `${line}\n`)
    .join('');
}

function asJson({ file, environment, at, durationMs, observations }: RunOfChecks): string {
  const counts = countStates(observations);
  const { total, passed, flaky, failed, error } = counts;
  const answer = {
    state: stateOfRun(counts),
    file,
    environment,
    at,
    duration_ms: Math.round(durationMs),
    counts: { total, passed, flaky, failed, error },
    checks: observations,
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

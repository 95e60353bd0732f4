import { extname } from 'node:path';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { Anything, type CheckContext, defineCheck, Options } from '../define.ts';
import { guard, redactFacts, stopped } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { lintFile } from '../lint-file.ts';
import { type Ended, runProgram } from '../program.ts';
import { readOutput } from './read-output.ts';

const ScriptOptions = Options({
  run: Type.String({
    minLength: 1,
    description: 'path of a script or program of the project; .ts, .mjs, .js and .cjs are run by Node',
  }),
  args: Type.Optional(Type.Array(Type.String(), { description: 'handed over one by one, never to a shell' })),
  env: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String(), {
      description: 'the whole environment but PATH, HOME, LANG, TZ, TMPDIR and NODE_EXTRA_CA_CERTS',
    }),
  ),
  max_output: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 134_217_728, description: 'bytes of each stream; default 8388608' }),
  ),
  max_events: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'default 10000' })),
});

type Settings = Static<typeof ScriptOptions>;

const runByNode = new Set(['.ts', '.mts', '.mjs', '.js', '.cjs']);
const defaultMaxOutput = 8 * 1024 * 1024;
const defaultMaxEvents = 10_000;

export default defineCheck({
  kind: 'script',
  summary: 'Run a script or program of the project and read the JSON lines that it prints',
  options: ScriptOptions,
  facts: Type.Object({
    exit_code: Type.Integer({ description: '-1 when a signal ended it' }),
    signal: Type.String({ description: 'name of the signal that ended it, else empty' }),
    duration_ms: Type.Integer(),
    events: Type.Array(Anything(), { description: 'JSON lines of stdout with a text `event`, in order' }),
    events_total: Type.Integer(),
    summary: Anything({ description: 'all other JSON objects of stdout, merged in order: later keys win' }),
    stdout_lines: Type.Integer({ description: 'lines that are not blank, JSON or not' }),
  }),
  expect: ['exit_code == 0'],
  effects: 'writes',
  async lint(options, context) {
    lintTemplates(options, context);
    await lintFile(context, 'run', options.run);
  },
  measure: (options, context) => guard(context, 'SCRIPT_FAILED', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const filled = await interpolate({ args: options.args ?? [], env: options.env ?? {} }, context);
  const path = context.resolve(options.run);
  const isScript = runByNode.has(extname(path));
  const ended = await runProgram({
    file: isScript ? await context.tool('node') : path,
    args: isScript ? [path, ...filled.args] : filled.args,
    env: filled.env,
    cwd: context.root,
    maxOutput: options.max_output ?? defaultMaxOutput,
    signal: context.signal,
    clock: context.clock,
  });
  const stdout = await context.artifact('stdout.txt', ended.stdout);
  await context.artifact('stderr.txt', ended.stderr);
  refuseHalfRun(ended, options.run, context);
  const output = readOutput(await stdout.text(), options.max_events ?? defaultMaxEvents);
  return {
    facts: {
      exit_code: ended.exitCode ?? -1,
      signal: ended.signal ?? '',
      duration_ms: Math.round(ended.durationMs),
      events: redactFacts(output.events, context.redact),
      events_total: output.events.length,
      summary: redactFacts(output.summary, context.redact),
      stdout_lines: output.lines,
    },
  };
}

/** What was kept of a run that did not end by itself is evidence, but no fact. */
function refuseHalfRun(ended: Ended, run: string, context: CheckContext): void {
  if (context.signal.aborted) throw stopped(context.signal);
  if (ended.tooLarge) {
    throw new CountersignError('EVIDENCE_TOO_LARGE', `\`${run}\` printed more than it may; it was ended`, {
      hint: 'print less, or raise `max_output`',
    });
  }
  if (ended.failure) {
    throw new CountersignError('SCRIPT_FAILED', `\`${run}\` could not be started: ${ended.failure}`, {
      hint: 'does the file exist, may it be executed, and does its first line name an interpreter?',
    });
  }
}

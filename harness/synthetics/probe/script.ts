import { extname } from 'node:path';
import { runProgram } from '../../checks/program.ts';
import { readOutput } from '../../checks/script/read-output.ts';
import { CountersignError } from '../../errors.ts';
import type { ScriptCheck } from '../check-schema.ts';
import type { Looking } from './looking.ts';
import { tail } from './words.ts';

const runByNode = new Set(['.ts', '.mts', '.mjs', '.js', '.cjs']);
const mostOutput = 1_048_576;
const keptCharacters = 2_000;
const mostEvents = 1_000;
/** Output beyond this is judged, but not kept among the facts. */
const keptOutput = 65_536;
/** By the table of exit codes that the whole harness keeps: the program could not tell. */
const couldNotTell = 3;

/** Runs a program of the project; the lines of JSON that it prints are its facts. */
export async function look(check: ScriptCheck, looking: Looking): Promise<void> {
  const { sight, context } = looking;
  const {
    run,
    args = [],
    env = {},
  } = await looking.fill({ run: check.run, args: check.args, env: check.env });
  sight.subject = `script ${run}`;
  sight.stage = 'the end of the program';
  const path = context.resolve(run);
  const isScript = runByNode.has(extname(path));
  const ended = await runProgram({
    file: isScript ? await context.tool('node') : path,
    args: isScript ? [path, ...args] : args,
    env,
    cwd: context.root,
    maxOutput: mostOutput,
    signal: looking.ending.signal,
    clock: context.clock,
  });
  // What a program says last tells most.
  sight.saw = tail(`${ended.stdout}${ended.stderr}`.trimEnd(), keptCharacters);
  if (ended.failure) throw new CountersignError('SCRIPT_FAILED', `it could not be started: ${ended.failure}`);
  if (ended.tooLarge)
    throw new CountersignError('EVIDENCE_TOO_LARGE', `it printed more than ${mostOutput} bytes`);
  const output = readOutput(ended.stdout, mostEvents);
  sight.facts = {
    exit_code: ended.exitCode ?? -1,
    summary: output.summary,
    events: output.events,
    duration_ms: Math.round(ended.durationMs),
  };
  if (ended.stdout.length > keptOutput) sight.bulk = ['summary', 'events'];
  if (ended.exitCode === couldNotTell && !judgesItself(check)) {
    throw new CountersignError('SCRIPT_FAILED', `it ended with ${couldNotTell}: it could not tell`);
  }
}

function judgesItself({ success_criteria: criteria = [], expect = [] }: ScriptCheck): boolean {
  return criteria.some((each) => 'exit_code' in each) || expect.some((text) => /\bexit_code\b/.test(text));
}

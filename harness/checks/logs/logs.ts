import { parseDuration } from '../../config/duration.ts';
import { CountersignError } from '../../errors.ts';
import type { LogSource } from '../../sources/define.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, DurationText, defineCheck, Instant, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import {
  compileMatch,
  isJudgedBy,
  limitsOf,
  Match,
  matchProblem,
  type ReadLine,
  readLine,
} from './matcher.ts';

const LogsOptions = Options({
  source: Type.Optional(Type.String({ description: 'name of a log file or Loki of the environment' })),
  query: Type.Optional(Type.String({ description: 'LogQL; for Loki only' })),
  within: DurationText({ description: 'how far back, from now' }),
  match: Type.Array(Match, { minItems: 1, description: 'what to count' }),
  allow_undated: Type.Optional(
    Options({
      reason: Type.String({
        minLength: 1,
        description: 'why lines without a time count as within the window',
      }),
    }),
  ),
  max_lines: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 5_000_000, description: 'lines read at most; default 200000' }),
  ),
  samples: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 100,
      description: 'lines kept as evidence for each match; default 5',
    }),
  ),
});

type Settings = Static<typeof LogsOptions>;

/** Characters of a kept line: enough to recognise it. */
const SAMPLE_LENGTH = 2_000;

const proof = {
  logfile: 'the files themselves',
  loki: 'documented shapes',
} as const satisfies Record<LogSource['kind'], string>;

export default defineCheck({
  kind: 'logs',
  summary: 'Count lines of a log file or of Loki that match',
  options: LogsOptions,
  facts: Type.Object({
    lines: Type.Integer({ description: 'in the window, or without a time' }),
    undated: Type.Integer({ description: 'lines without a time' }),
    parsed: Type.Integer({ description: 'lines that are JSON objects' }),
    unparsable: Type.Integer(),
    complete: Type.Boolean({
      description: 'false when there were more than `max_lines`, or a line too long to be read whole',
    }),
    matches: Type.Record(Type.String(), Type.Integer(), {
      description: 'lines within the window; undated ones only with `allow_undated`',
    }),
    undated_matches: Type.Record(Type.String(), Type.Integer()),
    too_few: Type.Array(Type.String()),
    too_many: Type.Array(Type.String()),
    first: Type.Optional(Instant({ description: 'time of the first line that has one' })),
    last: Type.Optional(Instant()),
    source_kind: Type.String({ description: 'logfile or loki' }),
    verified_against: Type.String({
      description: 'what the client of the source was tested with: `documented shapes` for Loki',
    }),
  }),
  expect: ['complete', 'size(too_few) == 0', 'size(too_many) == 0'],
  effects: 'reads',
  async lint(options, context) {
    lintTemplates(options, context);
    options.match.forEach((match, at) => {
      const problem = JSON.stringify(match).includes('${') ? undefined : matchProblem(match);
      if (problem) context.report(['match', at], `this match ${problem}`);
    });
    for (const name of repeatedNames(options.match)) context.report(['match'], `\`${name}\` is there twice`);
  },
  measure: (options, context) => guard(context, 'SOURCE_ANSWER', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const match = await interpolate(options.match, context);
  const query = options.query && (await interpolate(options.query, context));
  const [twice] = repeatedNames(match);
  if (twice) throw new CountersignError('CONFIG_INVALID', `two matches are named \`${twice}\``);
  const source = await context.sources.logs(options.source);
  const counter = createCounter(match, options);
  const most = options.max_lines ?? 200_000;
  const end = context.clock.now();
  const start = new Date(end.getTime() - parseDuration(options.within));
  const asked = { start, end, limit: most + 1, signal: context.signal, ...(query && { query }) };
  let lines = 0;
  let whole = true;
  for await (const { at, text, cut } of source.lines(asked)) {
    context.signal.throwIfAborted();
    lines += 1;
    if (cut) whole = false;
    if (lines > most) break;
    counter.add(at, text);
    if (lines % 10_000 === 0) context.progress(`${lines} lines`);
  }
  if (lines === 0) {
    throw new CountersignError('NO_DATA', `\`${source.name}\` has no line since ${start.toISOString()}`, {
      hint: 'is the right file or query named, and does the service write there?',
    });
  }
  if (counter.facts().undated === lines && !options.allow_undated) {
    throw new CountersignError('NO_DATA', `no line of \`${source.name}\` says when it was written`, {
      hint: 'name the field of the time in the source, or say why the lines may count under `allow_undated`',
    });
  }
  const [blind] = counter.unjudged();
  if (blind) {
    throw new CountersignError(
      'NO_DATA',
      `no line of \`${source.name}\` has the field \`${blind.field}\`, so \`${blind.name}\` judged nothing`,
      { hint: 'correct the name of the field, or say with `regexp` what no line may have' },
    );
  }
  await context.artifact('samples.json', JSON.stringify(counter.samples(), null, 2), 'application/json');
  const facts = {
    ...counter.facts(),
    complete: whole && lines <= most,
    source_kind: source.kind,
    verified_against: proof[source.kind],
  };
  return { facts: redactFacts(facts, context.redact) };
}

/** A line without a time may be old, so it proves no match; but it may be new, so it does break a `max`. */
function createCounter(match: readonly Match[], { samples: kept = 5, allow_undated }: Settings) {
  const tests = match.map((each) => ({
    name: each.name,
    field: each.field,
    limits: limitsOf(each),
    isJudge: (line: ReadLine) => isJudgedBy(each, line),
    hasJudged: false,
    test: compileMatch(each),
    dated: 0,
    undated: 0,
    samples: [] as string[],
  }));
  const seen = { lines: 0, undated: 0, parsed: 0, unparsable: 0 };
  const times: { first?: bigint; last?: bigint } = {};
  const count = (line: ReadLine, dated: boolean) => {
    for (const each of tests) {
      each.hasJudged ||= each.isJudge(line);
      if (!each.test(line)) continue;
      each[dated ? 'dated' : 'undated'] += 1;
      if (each.samples.length < kept) each.samples.push(line.text.slice(0, SAMPLE_LENGTH));
    }
  };
  const proven = (each: (typeof tests)[number]) => each.dated + (allow_undated ? each.undated : 0);
  return {
    add(at: string, text: string) {
      const line = readLine(text);
      seen.lines += 1;
      seen[line.json ? 'parsed' : 'unparsable'] += 1;
      if (at === '') seen.undated += 1;
      else widen(times, BigInt(at));
      count(line, at !== '');
    },
    /** What asks for few lines or none, and would have had none whatever the service wrote. */
    unjudged: () => tests.filter(({ hasJudged, limits }) => !hasJudged && limits.min === 0),
    samples: () => Object.fromEntries(tests.map(({ name, samples }) => [name, samples])),
    facts: () => ({
      ...seen,
      matches: Object.fromEntries(tests.map((each) => [each.name, proven(each)])),
      undated_matches: Object.fromEntries(tests.map(({ name, undated }) => [name, undated])),
      too_few: tests.filter((each) => proven(each) < each.limits.min).map(({ name }) => name),
      too_many: tests
        .filter(({ dated, undated, limits }) => dated + undated > limits.max)
        .map(({ name }) => name),
      ...(times.first !== undefined && { first: instant(times.first) }),
      ...(times.last !== undefined && { last: instant(times.last) }),
    }),
  };
}

function widen(times: { first?: bigint; last?: bigint }, at: bigint): void {
  if (times.first === undefined || at < times.first) times.first = at;
  if (times.last === undefined || at > times.last) times.last = at;
}

function instant(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString();
}

function repeatedNames(match: readonly Match[]): string[] {
  const names = match.map(({ name }) => name);
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}

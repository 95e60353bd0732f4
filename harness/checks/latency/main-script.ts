import { type Static, Type } from '../../type.ts';
import { Options } from '../define.ts';

/** Counts iterations that were begun; k6 itself counts only those that ended. */
export const begunMetric = 'countersign_begun';

/** Time that k6 gives running iterations to end after the load is over. */
const gracefulStop = '5s';

export const LoadSchema = Options({
  vus: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: 'virtual users at once; default 1' }),
  ),
  duration: Type.Optional(
    Type.String({ pattern: '^([0-9]+(ms|s|m|h))+$', description: 'of the load; default 30s' }),
  ),
  iterations: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'of all users together, instead of a fixed time',
    }),
  ),
  rate: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'iterations begun each second, however slow they are',
    }),
  ),
});

export type Load = Static<typeof LoadSchema>;

export interface MainScript {
  /** What the generated script imports: a path, or a name beside it. */
  script: string;
  load: Load;
  /** Virtual users at most. */
  maxVus: number;
  thresholds: Readonly<Record<string, readonly string[]>> | undefined;
  /** May it reach anything but this machine? */
  remote: boolean;
  /** Where `handleSummary` writes to; without it k6 prints its own summary. */
  summaryFile?: string;
}

/**
 * The script that k6 runs: load, thresholds and borders are the checklist's, the rest is the script's own. A file
 * given with `--config` would not do: to k6 the options of a script count for more.
 */
export function mainScript(main: MainScript): string {
  const forced = {
    summaryTrendStats: ['count', 'min', 'avg', 'p(50)', 'p(90)', 'p(95)', 'p(99)', 'max'],
    ...(main.remote ? {} : { blacklistIPs: allButLoopback() }),
  };
  const lines = [
    "import exec from 'k6/execution';",
    "import { Counter } from 'k6/metrics';",
    `import * as probe from ${JSON.stringify(main.script)};`,
    `export * from ${JSON.stringify(main.script)};`,
    'const { vus, duration, iterations, stages, scenarios, thresholds, ...rest } = probe.options || {};',
    'const own = Object.entries({ vus, duration, iterations, stages, scenarios }).filter((pair) => pair[1] !== undefined);',
    `const given = ${JSON.stringify(hasLoad(main.load) ? { scenarios: { load: scenarioOf(main) } } : null)};`,
    `const otherwise = ${JSON.stringify({ scenarios: { load: scenarioOf(main) } })};`,
    'const load = given || (own.length > 0 ? Object.fromEntries(own) : otherwise);',
    // All go through the function below, which counts them.
    'const functions = {};',
    'for (const [name, scenario] of Object.entries(load.scenarios || {})) {',
    '  functions[name] = probe[scenario.exec || "default"];',
    '  if (typeof functions[name] !== "function") throw new Error(`scenario ${name}: there is no function ${scenario.exec || "default"}`);',
    '  load.scenarios = { ...load.scenarios, [name]: { ...scenario, exec: "default" } };',
    '}',
    `const begun = new Counter(${JSON.stringify(begunMetric)});`,
    `const asked = ${JSON.stringify(main.thresholds ?? null)};`,
    // A threshold that ends the run would leave half a measurement.
    'const plain = ([metric, list]) => [metric, [].concat(list).map((one) => typeof one === "string" ? one : one.threshold)];',
    'export const options = {',
    '  ...rest,',
    '  ...load,',
    '  thresholds: asked || Object.fromEntries(Object.entries(thresholds || {}).map(plain)),',
    `  ...${JSON.stringify(forced)},`,
    '};',
    'export default function (data) {',
    '  begun.add(1);',
    '  return (functions[exec.scenario.name] || probe.default)(data);',
    '}',
  ];
  if (main.summaryFile !== undefined) {
    lines.push(
      // Without `setup_data`, which may hold tokens.
      'export function handleSummary({ root_group, metrics, state }) {',
      `  return { ${JSON.stringify(main.summaryFile)}: JSON.stringify({ root_group, metrics, state }) };`,
      '}',
    );
  }
  return `${lines.join('\n')}\n`;
}

function hasLoad(load: Load): boolean {
  return Object.values(load).some((value) => value !== undefined);
}

function scenarioOf({ load, maxVus }: MainScript): Record<string, unknown> {
  const { vus = 1, duration = '30s', iterations, rate } = load;
  if (rate !== undefined) {
    return {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration,
      preAllocatedVUs: vus,
      maxVUs: Math.max(vus, maxVus),
      gracefulStop,
    };
  }
  if (iterations !== undefined) {
    return { executor: 'shared-iterations', vus, iterations, maxDuration: duration, gracefulStop };
  }
  return { executor: 'constant-vus', vus, duration, gracefulStop };
}

/** Every network but 127.0.0.0/8 and ::1, as k6 knows only networks to refuse. */
function allButLoopback(): string[] {
  const v4 = Array.from({ length: 8 }, (_, bit) => {
    const kept = (127 >> (8 - bit)) << (8 - bit);
    const other = kept | (((127 >> (7 - bit)) & 1 ? 0 : 1) << (7 - bit));
    return `${other}.0.0.0/${bit + 1}`;
  });
  const v6 = Array.from({ length: 128 }, (_, bit) => {
    const differing = bit === 127 ? 0n : 1n << BigInt(127 - bit);
    return `${groupsOf(differing)}/${bit + 1}`;
  });
  return [...v4, ...v6];
}

function groupsOf(address: bigint): string {
  const digits = address.toString(16).padStart(32, '0');
  return (digits.match(/.{4}/g) ?? []).join(':');
}

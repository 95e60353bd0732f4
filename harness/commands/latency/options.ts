import { basename } from 'node:path';
import latency, { type LatencySettings } from '../../checks/latency/latency.ts';
import { schemaErrors } from '../../config/validate.ts';
import { CountersignError } from '../../errors.ts';
import { type Arguments, booleanFlag, type Flag, integerFlag, stringFlag } from '../command.ts';

/** What both verbs say about script and load. */
export const loadFlags = {
  vus: { type: 'string', value: 'N', summary: 'virtual users at once' },
  duration: { type: 'string', value: 'TIME', summary: 'of the load, such as 30s' },
  iterations: { type: 'string', value: 'N', summary: 'of all users together, instead of a fixed time' },
  rate: { type: 'string', value: 'N', summary: 'iterations begun each second' },
  'max-vus': { type: 'string', value: 'N', summary: 'refuse more virtual users; default 50' },
  threshold: {
    type: 'string',
    value: 'METRIC=EXPRESSION',
    multiple: true,
    summary: "k6 threshold, instead of the script's own",
  },
  set: {
    type: 'string',
    value: 'NAME=VALUE',
    multiple: true,
    summary: 'what the script reads as __ENV; a value may be ${secret.NAME}',
  },
} as const satisfies Record<string, Flag>;

/** Options of the kind from a command line; what the kind would refuse is refused here. */
export function optionsFrom(
  args: Arguments,
  script: string,
  more: Partial<LatencySettings> = {},
): LatencySettings {
  const integer = (name: string) => integerFlag(args, name, { min: 1, max: 1_000_000 });
  const thresholds: Record<string, string[]> = {};
  for (const [metric, expression] of pairs(args, 'threshold')) {
    thresholds[metric] = [...(thresholds[metric] ?? []), expression];
  }
  const wanted = {
    script,
    vus: integer('vus'),
    duration: stringFlag(args, 'duration'),
    iterations: integer('iterations'),
    rate: integer('rate'),
    max_vus: integer('max-vus'),
    thresholds: Object.keys(thresholds).length > 0 ? thresholds : undefined,
    env: Object.fromEntries(pairs(args, 'set')),
    allow_remote: booleanFlag(args, 'allow-remote') || undefined,
    ...more,
  };
  const options = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const [problem] = schemaErrors(latency.options, options);
  if (!problem) return options as LatencySettings;
  throw new CountersignError('USAGE', `${problem.path.join('.')}: ${problem.message}`, {
    hint: '`countersign checks show latency` lists what may stand there',
  });
}

function pairs(args: Arguments, flag: string): [string, string][] {
  return [args.flags[flag] ?? []].flat().map((given) => {
    const text = String(given);
    const at = text.indexOf('=');
    if (at < 1 || at === text.length - 1) {
      throw new CountersignError('USAGE', `--${flag} takes NAME=VALUE, not \`${text}\``);
    }
    return [text.slice(0, at), text.slice(at + 1)];
  });
}

/** `read-items` of `smoke/latency/read-items.ts`. */
export function nameOf(script: string): string {
  return basename(script).replace(/\.[a-z]+$/, '');
}

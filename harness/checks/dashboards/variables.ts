import type { PrometheusSource } from '../../sources/define.ts';
import type { Variable } from './dashboard-file.ts';

export type Values = ReadonlyMap<string, readonly string[]>;

export interface Window {
  start: Date;
  end: Date;
  /** What Grafana would put for `$__rate_interval` and `$__interval`. */
  rateIntervalMs: number;
  stepMs: number;
}

const reference = /\$\{([A-Za-z_]\w*)(?::[^}]*)?\}|\$([A-Za-z_]\w*)|\[\[([A-Za-z_]\w*)(?::[^\]]*)?\]\]/g;

/** Grafana's own variables, whose values follow from the time range. */
function builtIn(name: string, window: Window): string | undefined {
  const rangeMs = window.end.getTime() - window.start.getTime();
  const values: Record<string, string> = {
    __rate_interval: `${window.rateIntervalMs}ms`,
    __interval: `${window.stepMs}ms`,
    __interval_ms: `${window.stepMs}`,
    __range: `${rangeMs}ms`,
    __range_s: `${Math.round(rangeMs / 1000)}`,
    __range_ms: `${rangeMs}`,
  };
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Names of the dashboard's variables in a text; Grafana's own are left out. */
export function findVariables(text: string, window: Window): string[] {
  const names = [...text.matchAll(reference)].map(
    ([, braced, plain, square]) => braced ?? plain ?? square ?? '',
  );
  return [...new Set(names)].filter((name) => builtIn(name, window) === undefined);
}

export function substitute(text: string, values: ReadonlyMap<string, string>, window: Window): string {
  return text.replaceAll(reference, (all, braced?: string, plain?: string, square?: string) => {
    const name = braced ?? plain ?? square ?? '';
    return values.get(name) ?? builtIn(name, window) ?? all;
  });
}

/** Every way to choose one value for each of the names. */
export function combinations(names: readonly string[], values: Values): Map<string, string>[] {
  return names.reduce<Map<string, string>[]>(
    (all, name) =>
      all.flatMap((chosen) => (values.get(name) ?? []).map((value) => new Map([...chosen, [name, value]]))),
    [new Map()],
  );
}

/** The values of each variable, in the order of the dashboard, since a later one may use an earlier one. */
export async function resolveVariables(
  variables: readonly Variable[],
  given: Readonly<Record<string, readonly string[]>>,
  asking: { prometheus: PrometheusSource; window: Window; signal: AbortSignal },
): Promise<{ values: Map<string, readonly string[]>; problems: string[] }> {
  const values = new Map<string, readonly string[]>();
  const problems: string[] = [];
  for (const variable of variables) {
    if (variable.type === 'datasource' || variable.type === 'adhoc') continue;
    const found = given[variable.name] ?? (await valuesOf(variable, values, asking));
    if (found === undefined)
      problems.push(`the variable \`${variable.name}\` has a query of an unknown form`);
    else if (found.length === 0) problems.push(`the variable \`${variable.name}\` has no value`);
    values.set(variable.name, found ?? []);
  }
  return { values, problems };
}

async function valuesOf(
  { type, query }: Variable,
  known: Values,
  asking: { prometheus: PrometheusSource; window: Window; signal: AbortSignal },
): Promise<string[] | undefined> {
  if (type === 'constant' || type === 'textbox') return [query];
  if (type === 'custom' || type === 'interval') {
    return query.split(',').map((each) => (each.split(' : ').at(-1) ?? '').trim());
  }
  const [, selector, label] =
    /^\s*label_values\(\s*(?:([\s\S]+?)\s*,\s*)?([A-Za-z_]\w*)\s*\)\s*$/.exec(query) ?? [];
  if (type !== 'query' || !label) return undefined;
  const { prometheus, window, signal } = asking;
  const selectors = combinations(findVariables(selector ?? '', window), known).map((chosen) =>
    substitute(selector ?? `{${label}!=""}`, escaped(chosen), window),
  );
  if (selectors.length === 0) return [];
  const series = await prometheus.series(selectors, { start: window.start, end: window.end, signal });
  return [...new Set(series.flatMap((labels) => labels[label] ?? []))].sort();
}

/** As Grafana does for Prometheus: a value may stand in a regular expression inside a string. */
export function escaped(chosen: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...chosen].map(([name, value]) => [name, value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\\\$&')]),
  );
}

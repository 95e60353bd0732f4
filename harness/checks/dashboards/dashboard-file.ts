import { readFile } from 'node:fs/promises';
import { filesMatching } from '../../config/glob.ts';
import { CountersignError, messageOf } from '../../errors.ts';
import type { CheckContext } from '../define.ts';
import { isObject, type JsonObject } from '../json.ts';

export interface Target {
  language: 'promql' | 'logql' | 'other';
  expr: string;
}

export interface Panel {
  id: unknown;
  title: string;
  type: string;
  targets: Target[];
  /** Why the panel can't show anything, whatever the data. */
  problems: string[];
}

export interface Variable {
  name: string;
  type: string;
  query: string;
}

export interface Dashboard {
  file: string;
  uid: string;
  title: string;
  panels: Panel[];
  variables: Variable[];
}

/** Panels that show no query. */
const withoutQueries = new Set(['text', 'row', 'news', 'dashlist', 'alertlist', 'welcome', 'gettingstarted']);

export async function readDashboards(
  patterns: readonly string[],
  context: Pick<CheckContext, 'root' | 'resolve'>,
): Promise<Dashboard[]> {
  const files = await filesMatching(context.root, patterns, 'dashboard');
  const dashboards: Dashboard[] = [];
  for (const file of files) {
    dashboards.push(readDashboard(file, await readFile(context.resolve(file), 'utf8')));
  }
  return dashboards;
}

function readDashboard(file: string, text: string): Dashboard {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (thrown) {
    throw invalid(file, messageOf(thrown));
  }
  // What Grafana's API exports has the dashboard one level deeper.
  const dashboard = isObject(content) && isObject(content['dashboard']) ? content['dashboard'] : content;
  if (!isObject(dashboard) || !Array.isArray(dashboard['panels']))
    throw invalid(file, 'there is no list `panels`');
  const templating = isObject(dashboard['templating']) ? dashboard['templating']['list'] : [];
  return {
    file,
    uid: textOf(dashboard['uid']),
    title: textOf(dashboard['title']),
    panels: dashboard['panels'].flatMap((panel: unknown) => panelsOf(file, panel)),
    variables: Array.isArray(templating) ? templating.filter(isObject).map(variableOf) : [],
  };
}

/** A collapsed row holds its panels inside. */
function panelsOf(file: string, panel: unknown): Panel[] {
  if (!isObject(panel)) throw invalid(file, 'a panel is not an object');
  const inside = Array.isArray(panel['panels'])
    ? panel['panels'].flatMap((each: unknown) => panelsOf(file, each))
    : [];
  return [panelOf(panel), ...inside];
}

function panelOf(panel: JsonObject): Panel {
  const type = textOf(panel['type']);
  const title = textOf(panel['title']);
  const targets = Array.isArray(panel['targets']) ? panel['targets'].filter(isObject) : [];
  const problems: string[] = [];
  if (panel['libraryPanel']) problems.push('it is a library panel, whose queries are not in the file');
  else if (targets.length === 0 && !withoutQueries.has(type)) problems.push('it has no query');
  const read = targets.map((target) => targetOf(target, panel));
  for (const { language, expr } of read) {
    if (language !== 'other' && expr.trim() === '') problems.push('it has an empty query');
  }
  return { id: panel['id'], title, type, targets: read, problems };
}

function targetOf(target: JsonObject, panel: JsonObject): Target {
  const source = isObject(target['datasource']) ? target['datasource'] : panel['datasource'];
  const type = isObject(source) ? textOf(source['type']) : textOf(source).toLowerCase();
  const expr = textOf(target['expr']);
  if (type === 'prometheus') return { language: 'promql', expr };
  return { language: type === 'loki' ? 'logql' : 'other', expr };
}

function variableOf(variable: JsonObject): Variable {
  const query = variable['query'];
  return {
    name: textOf(variable['name']),
    type: textOf(variable['type']),
    query: isObject(query) ? textOf(query['query']) : textOf(query),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function invalid(file: string, why: string): CountersignError {
  return new CountersignError('CONFIG_INVALID', `${file} is no dashboard: ${why}`, { where: { file } });
}

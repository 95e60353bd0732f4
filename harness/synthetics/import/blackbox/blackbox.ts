import type { JsonObject } from '../../../checks/json.ts';
import { parseDuration } from '../../../config/duration.ts';
import type { SyntheticCheck } from '../../check-schema.ts';
import { type Importer, type Loss, wholeFile } from '../../export/define.ts';
import { openLedger } from '../../export/ledger.ts';
import { asLiteral } from '../../export/templates.ts';
import type { AlertRule, SyntheticsFile } from '../../schema.ts';
import { fromGo } from '../go-duration.ts';
import { namer } from '../names.ts';
import { listOf, mapOf, mapsOf, readMap, refuseNothing, textOf, textsOf } from '../read-text.ts';
import { type OwnPart, readModule } from './module.ts';
import { applyRules, type Draft } from './rules.ts';

export const importer: Importer = {
  name: 'blackbox',
  import(texts) {
    const losses: Loss[] = [];
    const files = texts.map(readMap);
    const modules = Object.assign({}, ...files.map((file) => mapOf(file['modules']))) as JsonObject;
    const nameFor = namer();
    const found = files.flatMap((file) =>
      mapsOf(file['scrape_configs']).flatMap((job, index) => {
        const usual = textOf(mapOf(file['global'])['scrape_interval']) ?? '1m';
        return targetsOf(job, { index, usual, modules, nameFor, losses });
      }),
    );
    refuseNothing(found.length, texts, 'blackbox_exporter with the jobs of Prometheus that use it');
    const groups = files.flatMap((file) => mapsOf(file['groups']));
    const rules = applyRules(
      groups.flatMap((group) => mapsOf(group['rules'])),
      found.map(({ draft }) => draft),
      losses,
    );
    for (const name of unused(modules, files)) {
      losses.push({ check: wholeFile, field: `modules.${name}`, said: 'a module', why: 'no job uses it' });
    }
    const further = found.flatMap(({ draft }) => furtherThresholds(draft));
    const all = [...rules, ...further];
    const definition: SyntheticsFile = {
      version: '1.0',
      checks: found.map(checkOf),
      ...(all.length > 0 ? { alerting: { rules: all } } : {}),
    };
    return { definition, losses };
  },
};

interface Found {
  draft: Draft;
  own: OwnPart;
  interval: string;
  timeout: string;
  labels: Record<string, string>;
}

interface Around {
  index: number;
  usual: string;
  modules: JsonObject;
  nameFor(said: string): string;
  losses: Loss[];
}

/** The checks of one job of Prometheus; a job that does not probe is not ours to read. */
function targetsOf(job: JsonObject, { index, usual, modules, nameFor, losses }: Around): Found[] {
  const ledger = openLedger(wholeFile, job, losses, `scrape_configs.${index}.`);
  const [module] = listOf(mapOf(ledger.take('params'))['module']).map(String);
  if (job['metrics_path'] !== '/probe' || module === undefined || !modules[module]) {
    const why = module === undefined ? 'it does not ask the exporter' : `there is no module \`${module}\``;
    losses.push({ check: wholeFile, field: `scrape_configs.${index}`, said: String(job['job_name']), why });
    return [];
  }
  const jobName = String(ledger.take('job_name') ?? module);
  for (const field of ['metrics_path', 'relabel_configs', 'scrape_timeout'] as const) ledger.take(field);
  const interval = fromGo(ledger.take('scrape_interval') ?? usual)?.text ?? '60s';
  const targets = mapsOf(ledger.take('static_configs')).flatMap((each) => {
    const said = Object.entries(textsOf(each['labels'])).map(([label, value]) => [label, asLiteral(value)]);
    const labels: Record<string, string> = Object.fromEntries(said);
    return listOf(each['targets']).map((target) => ({ target: String(target), labels }));
  });
  ledger.rest('our checks name their targets one by one');
  const scrapeTimeout = fromGo(job['scrape_timeout'] ?? '10s')?.text ?? '10s';
  return targets.flatMap(({ target, labels }) => {
    const said =
      labels['check'] ?? (targets.length === 1 ? jobName.replace(/^synthetic-/, '') : `${jobName}-${target}`);
    const name = nameFor(said);
    const own = openLedger(name, mapOf(modules[module]), losses, `modules.${module}.`);
    const timeout = fromGo(own.take('timeout') ?? scrapeTimeout)?.text ?? '10s';
    const part = readModule(own, target);
    if (!part) return [];
    own.rest('our checks have nothing like it');
    if (name !== said)
      losses.push({
        check: name,
        field: 'name',
        said,
        became: name,
        why: 'names of checks hold letters, digits, - and _, and are unique',
      });
    const { check: _, ...free } = labels;
    const draft: Draft = {
      name,
      labels: { ...labels, job: jobName, instance: target },
      intervalMs: parseDuration(interval),
      criteria: part.success_criteria ?? [],
      dependsOn: new Set(),
      inARow: new Set(),
      ruled: new Set(),
    };
    return [{ draft, own: part, interval, timeout, labels: free }];
  });
}

function checkOf({ draft, own, interval, timeout, labels }: Found): SyntheticCheck {
  const [failures] = [...draft.inARow].sort((a, b) => a - b);
  const { success_criteria: _, ...rest } = own;
  return {
    name: draft.name,
    ...(draft.description === undefined ? {} : { description: draft.description }),
    ...rest,
    interval,
    timeout,
    ...(draft.criteria.length > 0 ? { success_criteria: draft.criteria } : {}),
    ...(failures === undefined || failures === 3 ? {} : { failure_threshold: failures }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(draft.dependsOn.size > 0 ? { depends_on: [...draft.dependsOn] } : {}),
  } as SyntheticCheck;
}

/** An alert after more failures than the first one. */
function furtherThresholds({ name, inARow, ruled }: Draft): AlertRule[] {
  const [, ...others] = [...inARow].sort((a, b) => a - b);
  return others
    .filter((failures) => !ruled.has(failures))
    .map((failures) => ({
      name: `${name.toLowerCase()}_${failures}`.slice(0, 64),
      condition: `consecutive_failures >= ${failures}`,
      severity: 'critical',
      checks: [name],
    }));
}

function unused(modules: JsonObject, files: readonly JsonObject[]): string[] {
  const used = new Set(
    files
      .flatMap((file) => mapsOf(file['scrape_configs']))
      .flatMap((job) => listOf(mapOf(job['params'])['module'])),
  );
  return Object.keys(modules).filter((name) => !used.has(name));
}

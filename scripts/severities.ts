import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { parseDuration } from '#harness/config/duration.ts';

const severities = ['critical', 'warning', 'info'] as const;
const classNames = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];
export type ClassName = (typeof classNames)[number];

/** A class of recovery: the mean time aimed at, and the longest that is accepted. */
export interface RecoveryClass {
  means: string;
  /** Label of the alerts. */
  severity: Severity;
  /** Label of the synthetic checks. */
  criticality: ClassName;
  target: string;
  max: string;
}

export interface SeverityTable {
  classes: Record<ClassName, RecoveryClass>;
  defaults: Record<Severity, ClassName>;
}

const oneOf = <Name extends string>(names: readonly Name[]) =>
  Type.Union(names.map((name) => Type.Literal(name)));
const strict = { additionalProperties: false };
const Row = Type.Object(
  {
    means: Type.String({ minLength: 1 }),
    severity: oneOf(severities),
    criticality: oneOf(classNames),
    target: Type.String(),
    max: Type.String(),
  },
  strict,
);
const Table = Type.Object(
  {
    classes: Type.Object(Object.fromEntries(classNames.map((name) => [name, Row])), strict),
    defaults: Type.Object(Object.fromEntries(severities.map((name) => [name, oneOf(classNames)])), strict),
  },
  strict,
);

/** The text of `alerts/severities.yml`; throws with every problem at once. */
export function readSeverities(text: string): SeverityTable {
  const value: unknown = parse(text);
  const shape = [...Value.Errors(Table, value)].map(
    ({ instancePath, message }) => `${instancePath || 'the file'} ${message}`,
  );
  const problems = shape.length > 0 ? shape : sense(value as SeverityTable);
  if (problems.length > 0) throw new Error(`severities: ${problems.join('; ')}`);
  return value as SeverityTable;
}

/** From the worst to the least: longer times, each criticality once, and defaults of their own severity. */
function sense({ classes, defaults }: SeverityTable): string[] {
  const rows = classNames.map((name) => ({ name, ...classes[name] }));
  const problems = rows.flatMap((row, at) => {
    const [target, max] = [parseDuration(row.target), parseDuration(row.max)];
    const worse = rows[at - 1];
    const isLonger = !worse || (target > parseDuration(worse.target) && max > parseDuration(worse.max));
    return [
      ...(target < max ? [] : [`${row.name}: its target is not below its max`]),
      ...(isLonger ? [] : [`${row.name}: it is not slower than ${worse?.name}`]),
    ];
  });
  if (new Set(rows.map(({ criticality }) => criticality)).size < rows.length) {
    problems.push('two classes have the same criticality');
  }
  for (const severity of severities) {
    if (classes[defaults[severity]].severity !== severity) {
      problems.push(`${severity}: its default ${defaults[severity]} is of another severity`);
    }
  }
  return problems;
}

/** Throws for labels that the table does not know, or a class of another severity. */
export function classOf(table: SeverityTable, labels: Readonly<Record<string, string>>): ClassName {
  const severity = severities.find((name) => name === labels['severity']);
  if (!severity) throw new Error(`no severity ${labels['severity'] ?? ''}`.trim());
  const wanted = labels['mttr_class'] ?? table.defaults[severity];
  const name = classNames.find((candidate) => candidate === wanted);
  if (!name) throw new Error(`no class ${wanted}`);
  if (table.classes[name].severity === severity) return name;
  throw new Error(`the class ${name} is not for severity ${severity}`);
}

/** The line that every runbook has, so that who is paged reads how long it may take. */
export function recoveryLine(table: SeverityTable, name: ClassName): string {
  const { target, max } = table.classes[name];
  return `**Recovery** class ${name}: within ${target}, at most ${max}.`;
}

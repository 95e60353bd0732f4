import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import type { Static, TSchema } from 'typebox';
import type { Problem } from '../errors.ts';
import { type JsonSchema, surelyFits } from './fits.ts';
import { nearest } from './nearest.ts';
import { invalid, type Path, type YamlFile } from './yaml.ts';

export { nearest } from './nearest.ts';

// The schemas are our own, and those of kinds are made by TypeBox: checking them again costs 50 ms a start. Nor does
// code that runs a few thousand times earn back the time to optimize it, half of that to compile it.
const ajv = new Ajv({
  allErrors: true,
  strict: false,
  useDefaults: true,
  verbose: true,
  meta: false,
  validateSchema: false,
  code: { optimize: false },
});
(addFormats as unknown as typeof addFormats.default)(ajv);
const compiled = new WeakMap<object, ReturnType<typeof ajv.compile>>();

/** What is wrong with `value`, which messages call `whole`, each with the path to it. Fills defaults in. */
export function schemaErrors(
  schema: TSchema,
  value: unknown,
  whole = 'the file',
): { path: Path; key: boolean; message: string; hint?: string }[] {
  let check = compiled.get(schema);
  if (!check) {
    check = ajv.compile(schema);
    compiled.set(schema, check);
  }
  if (check(value)) return [];
  return mostTelling(check.errors ?? []).map((error) => explain(error, whole));
}

/** Is it of this shape? For answers of others, where one word says enough. The schema gives no defaults. */
export function isShape<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return surelyFits(schema as JsonSchema, value) || schemaErrors(schema, value).length === 0;
}

/** The value of a YAML file if it fits the schema; else one problem for each thing that does not. */
export function validateYaml<S extends TSchema>(schema: S, yaml: YamlFile): Static<S> {
  if (surelyFits(schema as JsonSchema, yaml.value)) return yaml.value as Static<S>;
  const problems = problemsOf(yaml, schemaErrors(schema, yaml.value), []);
  if (problems.length > 0) throw invalid(problems);
  return yaml.value as Static<S>;
}

export function problemsOf(yaml: YamlFile, errors: ReturnType<typeof schemaErrors>, prefix: Path): Problem[] {
  return errors.map(({ path, key, message, hint }) => ({
    code: 'CONFIG_INVALID' as const,
    message,
    where: key ? yaml.keyPlace([...prefix, ...path]) : yaml.place([...prefix, ...path]),
    ...(hint ? { hint } : {}),
  }));
}

/** Of a failed union ajv lists every branch; only those of the branch that came nearest help a reader. */
function mostTelling(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  let rest = errors.filter((error) => !unions.includes(error));
  const kept: ErrorObject[] = [];
  for (const union of unions.sort((a, b) => a.schemaPath.length - b.schemaPath.length)) {
    const inside = rest.filter((error) => error.schemaPath.startsWith(`${union.schemaPath}/`));
    if (inside.length === 0) continue;
    rest = rest.filter((error) => !inside.includes(error));
    const best = nearestBranch(union, inside);
    kept.push(...(best ?? [union]));
  }
  return dedupe([...rest, ...kept]).slice(0, 50);
}

function nearestBranch(union: ErrorObject, inside: readonly ErrorObject[]): ErrorObject[] | undefined {
  const branches = Map.groupBy(
    inside,
    (error) => error.schemaPath.slice(union.schemaPath.length + 1).split('/')[0],
  );
  const constants = inside.every((error) => error.keyword === 'const');
  if (constants) return undefined;
  const ranked = [...branches.values()]
    .filter(
      (branch) =>
        !branch.some(
          (error) =>
            error.keyword === 'const' ||
            (error.keyword === 'type' && error.instancePath === union.instancePath),
        ),
    )
    .sort((a, b) => a.length - b.length);
  return ranked[0];
}

function dedupe(errors: readonly ErrorObject[]): ErrorObject[] {
  const seen = new Set<string>();
  return errors.filter((error) => {
    const id = `${error.instancePath} ${error.keyword} ${JSON.stringify(error.params)}`;
    return seen.has(id) ? false : seen.add(id);
  });
}

function explain(error: ErrorObject, whole: string): ReturnType<typeof schemaErrors>[number] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = path.length > 0 ? `\`${path.join('.')}\`` : whole;
  const description = (error.parentSchema as { description?: string } | undefined)?.description;
  const hint = description ? { hint: `it is: ${description}` } : {};
  switch (error.keyword) {
    case 'additionalProperties': {
      const extra = String((error.params as { additionalProperty: string }).additionalProperty);
      const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
      const near = nearest(extra, known);
      return {
        path: [...path, extra],
        key: true,
        message: `\`${extra}\` is not known here`,
        hint: near ? `did you mean \`${near}\`?` : `known here: ${known.join(', ')}`,
      };
    }
    case 'required':
      return {
        path,
        key: false,
        message: `${name} lacks \`${(error.params as { missingProperty: string }).missingProperty}\``,
      };
    case 'anyOf':
    case 'oneOf':
      return {
        path,
        key: false,
        message: `${name} is ${show(error.data)}; expected ${expectedOf(error)}`,
        ...hint,
      };
    case 'pattern':
      return {
        path,
        key: false,
        message: `${name} is ${show(error.data)}; it must match ${String(error.schema)}`,
        ...hint,
      };
    case 'type':
      return {
        path,
        key: false,
        message: `${name} is ${show(error.data)}; expected ${String(error.schema)}`,
        ...hint,
      };
    default:
      return { path, key: false, message: `${name} ${error.message ?? 'is not valid'}`, ...hint };
  }
}

function expectedOf(error: ErrorObject): string {
  const branches = error.schema as { const?: unknown; type?: string; properties?: object }[];
  return branches
    .map((branch) => {
      if ('const' in branch) return JSON.stringify(branch.const);
      return branch.properties
        ? `{${Object.keys(branch.properties).join(', ')}}`
        : (branch.type ?? 'something else');
    })
    .join(' or ');
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

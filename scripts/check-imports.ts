import { parseArgs } from 'node:util';
import {
  blank,
  type Finding,
  isTest,
  lineAt,
  readSources,
  type SourceFile,
  showFindings,
} from '#scripts/source-text.ts';

const usage = `Usage: node scripts/check-imports.ts

Holds the borders between folders:
  harness       imports nothing of the repo outside harness, and names none of the systems that it verifies
  check kinds   import the contract, sources, errors, durations, shapes, zones, windows, the pure core and their own
                folder
  pure core     reaches no file, network, process or clock of Node, whatever it imports
  pipeline      its domains meet only through their index.ts
`;

const patterns = ['{harness,pipeline,scripts,smoke,synthetics,bench}/**/*.{ts,mjs,js}', '*.ts'];

/** Modules of the pure core: same input, same output. */
export const pureFiles = [
  'harness/gate/evaluate.ts',
  'harness/gate/expression.ts',
  'harness/gate/contradictions.ts',
  'harness/gate/facts.ts',
  'harness/gate/item-rules.ts',
  'harness/gate/moment.ts',
  'harness/gate/plan.ts',
  'harness/gate/redact.ts',
  'harness/gate/verdict.ts',
  'harness/gate/watch.ts',
  'harness/gate/window.ts',
  'harness/sign/dsse.ts',
  'harness/sign/roles.ts',
  'harness/sign/strict-json.ts',
  'harness/type.ts',
];

const impure =
  /^(node:)?(fs|net|http|https|http2|tls|dns|dgram|child_process|cluster|worker_threads|os|process|timers)(\/|$)/;

/** What a kind may import besides packages and its own folder. */
const openToKinds = [
  /^harness\/checks\/[a-z-]+\.ts$/,
  /^harness\/sources\//,
  /^harness\/errors\.ts$/,
  /^harness\/config\/(duration|glob|validate|windows|zone)\.ts$/,
];

/** What one kind may import besides: verifying an earlier report is what `gate` measures with, and probes `synthetics`. */
const openToKind: Readonly<Record<string, RegExp>> = {
  gate: /^harness\/(sign|config|gate)\/|^harness\/version\.ts$/,
  synthetics: /^harness\/synthetics\//,
};

const systemNames =
  /\bMono(?![a-z"',;])|\bmono[-_][a-z]|\bMONO_|[Nn]ep[Xx]y|[Dd]elta[Cc]rown|[Tt]ax[Pp]oynt|NEPXY|DELTACROWN|TAXPOYNT/;

/** Folders of `pipeline/` that every domain builds on; they know no domain. */
const foundations = ['runtime', 'shared', 'migrations'];

interface Import {
  specifier: string;
  /** Path from the root when it is a file of the repo. */
  target: string | undefined;
  line: number;
  typeOnly: boolean;
}

export function checkImports(files: readonly SourceFile[]): Finding[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const each = files.flatMap((file) => {
    const found = imports.get(file.path) ?? [];
    return [...checkHarness(file, found), ...checkKind(file, found), ...checkDomain(file, found)];
  });
  return [...each, ...checkPure(imports)];
}

const importPattern =
  /\b(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s*)?(['"])([^'"\n]+)\2|\bimport\s*\(\s*(['"])([^'"\n]+)\4/g;

export function importsOf({ path, text }: SourceFile): Import[] {
  const code = blank(text, { keepStrings: true });
  return [...code.matchAll(importPattern)].map((match) => {
    const specifier = match[3] ?? match[5] ?? '';
    return {
      specifier,
      target: targetOf(path, specifier),
      line: lineAt(code, match.index),
      typeOnly: match[1] !== undefined,
    };
  });
}

function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (!specifier.startsWith('.')) return undefined;
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

function checkHarness({ path, text }: SourceFile, imports: readonly Import[]): Finding[] {
  if (!path.startsWith('harness/')) return [];
  const findings: Finding[] = [];
  for (const { specifier, target, line, typeOnly } of imports) {
    const own = target?.startsWith('harness/') || target?.startsWith('dist/');
    if (specifier.startsWith('#')) {
      findings.push({ path, line, message: `harness imports relatively, not \`${specifier}\`` });
    } else if (target !== undefined && !own) {
      findings.push({
        path,
        line,
        message: `harness may not import \`${specifier}\`, which is outside harness`,
      });
    }
    if (/^typebox(\/|$)/.test(specifier) && !typeOnly && !isTest(path)) {
      const message = `\`${specifier}\` takes a tenth of a second to load: harness/type.ts has what schemas need`;
      findings.push({ path, line, message });
    }
  }
  if (isTest(path)) return findings;
  for (const [index, content] of text.split('\n').entries()) {
    const name = systemNames.exec(content)?.[0];
    if (name)
      findings.push({
        path,
        line: index + 1,
        message: `harness may not know \`${name}\`, a system that it verifies`,
      });
  }
  return findings;
}

function checkKind({ path }: SourceFile, imports: readonly Import[]): Finding[] {
  const own = /^harness\/checks\/[^/]+\//.exec(path)?.[0];
  if (!own || isTest(path)) return [];
  return imports.flatMap(({ specifier, target, line, typeOnly }) => {
    if (target === undefined || typeOnly || target.startsWith(own)) return [];
    if (openToKind[own.split('/')[2] ?? '']?.test(target) || pureFiles.includes(target)) return [];
    if (openToKinds.some((open) => open.test(target))) return [];
    return [
      {
        path,
        line,
        message: `a check kind may not import \`${specifier}\`: the context gives what it needs`,
      },
    ];
  });
}

function checkDomain({ path }: SourceFile, imports: readonly Import[]): Finding[] {
  const own = domainOf(path);
  if (!path.startsWith('pipeline/') || isTest(path)) return [];
  return imports.flatMap(({ specifier, target, line }) => {
    const other = target === undefined ? undefined : domainOf(target);
    if (!other || other === own) return [];
    const fromFoundation = foundations.some((name) => path.startsWith(`pipeline/${name}/`));
    if (fromFoundation)
      return [{ path, line, message: `\`${specifier}\` is a domain, which a foundation may not know` }];
    if (target === `pipeline/${other}/index.ts`) return [];
    return [
      { path, line, message: `\`${specifier}\` is inside the domain \`${other}\`: import its index.ts` },
    ];
  });
}

/** `mono` of `pipeline/mono/sync.ts`; `simulators/x` counts as one of its own. */
function domainOf(path: string): string | undefined {
  const [, name = '', rest = ''] = /^pipeline\/((?:simulators\/)?[^/]+)\/(.+)$/.exec(path) ?? [];
  return rest === '' || foundations.includes(name) ? undefined : name;
}

function checkPure(imports: ReadonlyMap<string, readonly Import[]>): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const visit = (path: string, from: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { specifier, target, line, typeOnly } of imports.get(path) ?? []) {
      if (typeOnly) continue;
      if (impure.test(specifier)) {
        const reason = path === from ? 'it is pure' : `${from} is pure and reaches this file`;
        findings.push({ path, line, message: `may not import \`${specifier}\`: ${reason}` });
      }
      if (target) visit(target, from);
    }
  };
  for (const path of pureFiles) visit(path, path);
  return findings;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(usage);
  else {
    const sources = await readSources(process.cwd(), patterns);
    const findings = checkImports(sources);
    process.stdout.write(showFindings(findings));
    process.stdout.write(`imports: ${sources.length} files, ${findings.length} findings\n`);
    process.exitCode = findings.length > 0 || sources.length === 0 ? 1 : 0;
  }
}

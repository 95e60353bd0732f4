import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { stringify } from 'yaml';
import { mainScript } from '../../checks/latency/main-script.ts';
import { CountersignError } from '../../errors.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  integerFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { loadFlags, nameOf, optionsFrom } from './options.ts';

export const command: Command = {
  usage: 'SCRIPT --k6-operator --base-url URL [--parallelism N] [--vus N] [--duration TIME]',
  about: `
Prints a ConfigMap with the script and a TestRun of k6-operator that runs it in Kubernetes under the same load and
thresholds as \`latency run\` would. The load is divided between the runners, and each judges the thresholds over its
part. A value \${secret.NAME} of --set becomes the key NAME of the Kubernetes secret <name>-secrets.

example: countersign latency export smoke/latency/health.ts --k6-operator --base-url http://service --vus 20`,
  flags: {
    'k6-operator': { type: 'boolean', summary: 'write a TestRun; the only format so far' },
    'base-url': { type: 'string', value: 'URL', summary: 'what the script reads as __ENV.BASE_URL' },
    parallelism: { type: 'string', value: 'N', summary: 'runners, up to 100; default 1' },
    name: { type: 'string', value: 'NAME', summary: 'of TestRun and ConfigMap; default that of the script' },
    namespace: { type: 'string', value: 'NAME', summary: 'of Kubernetes; default: where it is applied' },
    ...loadFlags,
  },
  async run(args, io) {
    const [script] = positionals(args, ['SCRIPT']);
    if (!booleanFlag(args, 'k6-operator')) {
      throw new CountersignError('USAGE', 'a format is missing', { hint: 'give --k6-operator' });
    }
    const text = await scriptAlone(resolve(io.cwd, script), script);
    io.stdout.write(testRun(args, script, text));
    return 0;
  },
};

/** A ConfigMap holds the script and nothing that it might import. */
async function scriptAlone(path: string, shown: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CountersignError('CONFIG_MISSING', `there is no file \`${shown}\``);
  });
  const [, local] = /\b(?:from|import|require\(|open\()\s*['"](\.{0,2}\/[^'"]*)['"]/.exec(text) ?? [];
  if (local === undefined) return text;
  throw new CountersignError(
    'CONFIG_INVALID',
    `\`${shown}\` reads \`${local}\`, which a ConfigMap does not hold`,
    {
      hint: 'scripts to export use modules of k6 only',
    },
  );
}

function testRun(args: Arguments, script: string, text: string): string {
  const { thresholds, env = {}, max_vus = 50, vus, duration, iterations, rate } = optionsFrom(args, script);
  const name = stringFlag(args, 'name') ?? nameOf(script);
  if (!/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(name)) {
    throw new CountersignError('USAGE', `\`${name}\` is no name for Kubernetes`, {
      hint: 'give another with --name',
    });
  }
  const namespace = stringFlag(args, 'namespace');
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const load = Object.fromEntries(
    Object.entries({ vus, duration, iterations, rate }).filter(([, value]) => value !== undefined),
  );
  const main = mainScript({
    script: `./${basename(script)}`,
    load,
    maxVus: max_vus,
    thresholds,
    remote: true,
  });
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { 'main.js': main, [basename(script)]: text },
  };
  const run = {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata,
    spec: {
      parallelism: integerFlag(args, 'parallelism', { min: 1, max: 100 }) ?? 1,
      script: { configMap: { name, file: 'main.js' } },
      runner: { env: environmentOf({ ...env, BASE_URL: baseUrl(args) }, name) },
    },
  };
  const literal = { lineWidth: 0, blockQuote: 'literal' } as const;
  return `---\n${stringify(configMap, literal)}---\n${stringify(run, literal)}`;
}

function baseUrl(args: Arguments): string {
  const url = stringFlag(args, 'base-url');
  if (url === undefined) throw new CountersignError('USAGE', '--base-url is missing');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol) || new URL(url).password !== '') {
    throw new CountersignError('USAGE', '--base-url takes an http or https URL without a password');
  }
  return url.replace(/\/$/, '');
}

/** A secret is named, never written down. */
function environmentOf(env: Readonly<Record<string, string>>, name: string): object[] {
  return Object.entries(env).map(([variable, value]) => {
    const [, key] = /^\$\{secret\.([A-Za-z_][A-Za-z0-9_-]*)\}$/.exec(value) ?? [];
    if (key !== undefined) {
      return { name: variable, valueFrom: { secretKeyRef: { name: `${name}-secrets`, key } } };
    }
    if (!value.includes('${')) return { name: variable, value };
    throw new CountersignError('USAGE', `--set ${variable}: only a whole \${secret.NAME} can be exported`);
  });
}

import type { Environment, StackConfig } from '../config/environments.ts';
import { referencesIn } from '../config/resolve.ts';
import { CountersignError } from '../errors.ts';
import { alertmanagerPart } from './alertmanager.ts';
import type { PartContext, StackPart } from './part.ts';
import { foreignPostgresPart, postgresPart } from './postgres.ts';
import { prometheusPart } from './prometheus.ts';
import { pagerPart, servicePart } from './service.ts';

/** Everything that an environment's stack lists, as parts. `foreign`: the database is somebody else's. */
export function partsOf(stack: StackConfig, foreign: boolean): StackPart[] {
  const parts: StackPart[] = [];
  if (stack.postgres) parts.push(foreign ? foreignPostgresPart() : postgresPart(stack.postgres.database));
  if (stack.pager) parts.push(pagerPart());
  if (stack.alertmanager) parts.push(alertmanagerPart(stack.alertmanager, stack.pager !== undefined));
  if (stack.prometheus) parts.push(prometheusPart(stack.prometheus, stack.alertmanager !== undefined));
  parts.push(...stack.services.map((service) => servicePart(service, stack)));
  checkNeeds(parts);
  return parts;
}

/** Names that need a port: the built-in parts, and whatever the services mention. */
export function portNames(stack: StackConfig): string[] {
  const names = new Set<string>();
  for (const part of ['postgres', 'prometheus', 'alertmanager', 'pager'] as const) {
    if (stack[part]) names.add(part);
  }
  for (const { command, env, ready } of stack.services) {
    const texts = [...command, ...Object.values(env ?? {}), 'http' in ready ? ready.http : ''];
    for (const path of texts.flatMap(referencesIn)) {
      if (path.startsWith('port.')) names.add(path.slice('port.'.length));
    }
    if ('port' in ready) names.add(ready.port);
  }
  return [...names];
}

function checkNeeds(parts: readonly StackPart[]): void {
  const byName = new Map(parts.map((part) => [part.name, part]));
  if (byName.size < parts.length) throw invalid('two parts of the stack have the same name');
  const settled = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const part = byName.get(name);
    if (!part) throw invalid(`\`${path.at(-1)}\` needs \`${name}\`, which the stack does not have`);
    if (path.includes(name)) throw invalid(`needs go round in a circle: ${[...path, name].join(' -> ')}`);
    if (settled.has(name)) return;
    for (const need of part.needs) visit(need, [...path, name]);
    settled.add(name);
  };
  for (const { name } of parts) visit(name, []);
}

function invalid(message: string): CountersignError {
  return new CountersignError('CONFIG_INVALID', message, {
    hint: 'the stack is declared under `stack` of the environment in checklists/environments.yml',
  });
}

/** Starts parts at once, each as soon as what it needs is ready. The first failure stops the rest. */
export async function startParts(parts: readonly StackPart[], context: PartContext): Promise<void> {
  const failure = new AbortController();
  const signal = AbortSignal.any([context.signal, failure.signal]);
  const ready = new Map<string, Promise<void>>();
  const start = (part: StackPart): Promise<void> => {
    const known = ready.get(part.name);
    if (known) return known;
    const needed = parts.filter(({ name }) => part.needs.includes(name)).map(start);
    const starting = Promise.all(needed).then(async () => {
      signal.throwIfAborted();
      const from = performance.now();
      await part.start({ ...context, signal });
      context.say(`${part.name}: ready after ${Math.round(performance.now() - from)} ms`);
    });
    ready.set(part.name, starting);
    return starting;
  };
  const all = parts.map(start);
  const settled = Promise.allSettled(all);
  try {
    await Promise.all(all);
  } catch (thrown) {
    failure.abort(thrown);
    await settled;
    throw thrown;
  }
}

export function generatedSecrets(environment: Environment): [name: string, bytes: number][] {
  const found: [string, number][] = [];
  for (const [name, secret] of Object.entries(environment.secrets ?? {})) {
    if ('generate' in secret) found.push([name, secret.generate]);
  }
  return found;
}

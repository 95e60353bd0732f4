import { parseDuration } from '../config/duration.ts';
import type { ServiceConfig, StackConfig } from '../config/environments.ts';
import { referencesIn } from '../config/resolve.ts';
import { ownFile } from './own-file.ts';
import type { StackPart } from './part.ts';
import { acceptsConnections, answersHttp, type Readiness, whenDone, whenReady } from './ready.ts';

const defaultWithin = '30s';

/** Passed on to services: what programs need to run at all, nothing of the harness's own secrets. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_COMPILE_CACHE'];

export function servicePart(service: ServiceConfig, stack: StackConfig): StackPart {
  const { name, ready } = service;
  return {
    name,
    needs: needsOf(service, stack),
    async start({ root, env, resolved, values, processes, signal }) {
      const own: Record<string, string> = { TZ: 'UTC' };
      for (const variable of inherited) {
        const value = env[variable];
        if (value !== undefined) own[variable] = value;
      }
      for (const [variable, template] of Object.entries(service.env ?? {})) {
        own[variable] = await resolved.text(template);
      }
      const command = await Promise.all(service.command.map((part) => resolved.text(part)));
      if (command[0] === 'node') command[0] = process.execPath;
      const started = await processes.start({ name, command, env: own, cwd: root });
      const withinMs = parseDuration(service.within ?? defaultWithin);
      if ('exit' in ready) return whenDone(started, { withinMs, signal });
      const probe: Readiness['probe'] =
        'http' in ready
          ? answersHttp(await resolved.text(ready.http))
          : acceptsConnections(values.ports[ready.port] ?? 0);
      await whenReady(started, { probe, withinMs, signal });
    },
  };
}

/** Who reads DATABASE_URL needs the database, whether or not it says so. */
function needsOf(service: ServiceConfig, stack: StackConfig): string[] {
  const needs = new Set(service.needs ?? []);
  const texts = [...service.command, ...Object.values(service.env ?? {})];
  if (stack.postgres && texts.flatMap(referencesIn).includes('secret.DATABASE_URL')) needs.add('postgres');
  return [...needs];
}

export function pagerPart(): StackPart {
  return {
    name: 'pager',
    needs: [],
    async start({ work, values, processes, signal }) {
      const port = values.ports['pager'] ?? 0;
      const command = [process.execPath, ownFile('pager'), String(port)];
      const started = await processes.start({ name: 'pager', command, env: {}, cwd: work, wave: 1 });
      await whenReady(started, { probe: acceptsConnections(port), withinMs: 15_000, signal });
    },
  };
}

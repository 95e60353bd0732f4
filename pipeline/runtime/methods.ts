import type { FastifyInstance } from 'fastify';
import { ServiceError } from './errors.ts';

interface Path {
  pattern: RegExp;
  methods: Set<string>;
}

/** A path of the service that is asked with a method it does not have: 405 and what it has, not 404. */
export function refuseOtherMethods(app: FastifyInstance): void {
  const paths = new Map<string, Path>();
  app.addHook('onRoute', ({ url, method }) => {
    const path = paths.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const name of [method].flat()) path.methods.add(name);
    paths.set(url, path);
  });
  // Before the body is looked at, and whoever asks: the document says the same to everybody.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const [asked = ''] = request.url.split('?');
    const methods = [...paths.values()].flatMap((path) =>
      path.pattern.test(asked) ? [...path.methods] : [],
    );
    if (methods.length === 0) return;
    const allow = [...new Set(methods)].sort().join(', ');
    reply.header('allow', allow);
    throw new ServiceError('METHOD_NOT_ALLOWED', `this path takes ${allow}`);
  });
}

/** Of a template such as `/runs/:id/events/`, as the router reads it: with the last slash or without. */
function patternOf(template: string): RegExp {
  const parts = template
    .replace(/\/$/, '')
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('/')}/?$`);
}

import { Registry } from '@prometheus-io/client';
import Fastify from 'fastify';
import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { instrumentHttp } from './metrics.ts';

it('a route that nobody has asked yet has its success and its failure at zero, HEAD and others nothing', async () => {
  const app = Fastify();
  const registry = new Registry();
  instrumentHttp(app, registry);
  const response = { 201: Type.Object({}), 404: Type.Object({}) };
  app.post('/orders', { schema: { response } }, async (_request, reply) => reply.code(201).send({}));
  app.get('/orders', { schema: { response: { 200: Type.Array(Type.String()) } } }, async () => []);
  app.get('/plain', async () => 'text');
  const counted = async () =>
    (await registry.metrics()).split('\n').filter((line) => /^http_\w+_(total|seconds_count)\{/.test(line));
  const zero = (name: string, method: string, status: number) =>
    `http_${name}{method="${method}",route="/orders",status="${status}"} 0`;
  await app.ready();
  expect(await counted()).toEqual([
    zero('requests_total', 'POST', 201),
    zero('requests_total', 'POST', 500),
    zero('requests_total', 'GET', 200),
    zero('requests_total', 'GET', 500),
    zero('request_duration_seconds_count', 'POST', 201),
    zero('request_duration_seconds_count', 'GET', 200),
  ]);
  await app.inject({ method: 'POST', url: '/orders' });
  expect(await counted()).toContain('http_requests_total{method="POST",route="/orders",status="201"} 1');
  await app.close();
});

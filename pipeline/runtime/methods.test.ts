import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { mapErrors } from './errors-http.ts';
import { refuseOtherMethods } from './methods.ts';

async function startApp() {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
  mapErrors(app, () => undefined);
  refuseOtherMethods(app);
  app.get('/things/', async () => []);
  app.delete('/things', async () => ({}));
  app.post('/things/:id/end.now/', async () => ({}));
  await app.ready();
  return app;
}

it('names the methods of a path that is asked with another one, with the last slash or without', async () => {
  const app = await startApp();
  for (const url of ['/things', '/things/', '/things?page=1']) {
    const { statusCode, headers, json } = await app.inject({ method: 'PUT', url, body: '{' });
    expect([statusCode, headers.allow]).toEqual([405, 'DELETE, GET, HEAD']);
    expect(json()).toMatchObject({ success: false, status: 405, error: { code: 'METHOD_NOT_ALLOWED' } });
  }
  const { headers } = await app.inject({ method: 'GET', url: '/things/7/end.now' });
  expect(headers.allow).toBe('POST');
});

it('leaves a path that is none not found, and its own methods alone', async () => {
  const app = await startApp();
  const urls = ['/', '/thing', '/things/7', '/things/7/endXnow', '/things//end.now', '/a/things/', '/%zz'];
  for (const url of urls) expect((await app.inject({ method: 'PUT', url })).headers.allow).toBeUndefined();
  expect((await app.inject({ method: 'PUT', url: '/things/7' })).statusCode).toBe(404);
  expect((await app.inject({ method: 'GET', url: '/things' })).statusCode).toBe(200);
  expect((await app.inject({ method: 'HEAD', url: '/things/' })).statusCode).toBe(200);
});

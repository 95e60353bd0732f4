import { describe, expect, it } from 'vitest';
import type { SourceConfig } from '../config/environments.ts';
import { fakeClock } from '../testing/context.ts';
import { makeSources } from './index.ts';

function sources(declared: Record<string, SourceConfig>, resolve = async (text: string) => text) {
  const environment = {
    name: 'local',
    sources: declared,
    async source(name: string) {
      const config = declared[name] as SourceConfig & { url: string };
      return { ...config, url: await resolve(config.url) } as SourceConfig;
    },
  };
  const signal = new AbortController().signal;
  return makeSources(environment, { signal, clock: fakeClock(), root: '/project' });
}

const api: SourceConfig = { kind: 'http', url: 'http://127.0.0.1:1' };
const admin: SourceConfig = { kind: 'http', url: 'http://127.0.0.1:2/admin' };
const logfile: SourceConfig = { kind: 'logfile', path: 'logs/app.log' };

describe('sources of an environment', () => {
  it('means the only source of a kind when no name is given', async () => {
    expect((await sources({ api, logfile }).http()).url).toBe('http://127.0.0.1:1');
    expect((await sources({ api, logfile }).logs()).kind).toBe('logfile');
  });

  it('names the candidates when it cannot know which is meant', async () => {
    const two = sources({ api, admin, logfile });
    await expect(two.http()).rejects.toMatchObject({
      code: 'UNKNOWN_SOURCE',
      message: expect.stringContaining('api, admin'),
    });
    await expect(two.http('logfile')).rejects.toThrow('it has api, admin');
    await expect(two.postgres()).rejects.toThrow('it has no postgres source');
    expect((await two.http('admin')).url).toBe('http://127.0.0.1:2/admin');
  });

  it('makes each client once', async () => {
    const made = sources({ api });
    expect(await made.http()).toBe(await made.http('api'));
  });

  it('tries again what could not be resolved before', async () => {
    let port: number | undefined;
    const made = sources({ api: { ...api, url: 'http://127.0.0.1:PORT' } }, async (text) => {
      if (!port) throw new Error('no port yet');
      return text.replace('PORT', String(port));
    });
    await expect(made.http()).rejects.toThrow('no port yet');
    port = 7;
    expect((await made.http()).url).toBe('http://127.0.0.1:7');
  });

  it('asks nothing any more after it was closed', async () => {
    const made = sources({ api });
    const http = await made.http();
    await made.close();
    await expect(http.request({ path: '/' })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });
});

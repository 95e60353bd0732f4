import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { ToolName } from '../tools/define.ts';
import { findTool } from '../tools/find.ts';

export interface TestPrometheus {
  url: string;
  /** What the scraped process answers from now on, in the text format. */
  expose(metrics: string): void;
  /** Ends when `true` comes back; for waiting until the server has seen something. */
  until(seen: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

export interface TestPrometheusOptions {
  /** Text of a rules file. */
  rules?: string;
  metrics?: string;
  job?: string;
  /** URL of an Alertmanager. */
  alertmanager?: string;
}

/** A real Prometheus that scrapes one real process every second. */
export async function startPrometheus(options: TestPrometheusOptions = {}): Promise<TestPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-prometheus-'));
  let metrics = options.metrics ?? '';
  const target = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(metrics);
  });
  const targetPort = await listen(target);
  const port = await freePort();
  await writeFile(join(folder, 'rules.yml'), options.rules ?? 'groups: []\n');
  await writeFile(join(folder, 'prometheus.yml'), stringify(config(options, targetPort)));
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    target.closeAllConnections();
    await new Promise((done) => target.close(done));
    await rm(folder, { recursive: true, force: true });
  };
  const child = await started(url, {
    path: await testTool('prometheus'),
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--rules.alert.resend-delay=1s',
    ],
  }).catch(async (thrown) => {
    await close();
    throw thrown;
  });
  return {
    url,
    expose(text) {
      metrics = text;
    },
    until,
    async stop() {
      await ended(child);
      await close();
    },
  };
}

/** A real Alertmanager with the given configuration file. */
export async function startAlertmanager(configText: string): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-alertmanager-'));
  const port = await freePort();
  await writeFile(join(folder, 'alertmanager.yml'), configText);
  const url = `http://127.0.0.1:${port}`;
  const child = await started(url, {
    path: await testTool('alertmanager'),
    args: [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
  });
  return {
    url,
    async stop() {
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function config(options: TestPrometheusOptions, targetPort: number): object {
  const alertmanager = options.alertmanager && new URL(options.alertmanager).host;
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: [
      { job_name: options.job ?? 'app', static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }] },
    ],
    ...(alertmanager && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    }),
  };
}

export async function until(seen: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await seen())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for something that never came`);
    await pause(50);
  }
}

/** The way to a program of the Prometheus family, brought on first use. */
export async function testTool(name: ToolName): Promise<string> {
  return (await findTool(name, { env: process.env, bring: true })).path;
}

/** A program that ends before it is ready fails at once, with its own last words. */
async function started(url: string, { path, args }: { path: string; args: string[] }): Promise<ChildProcess> {
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said = (said + chunk).slice(-2_000);
  });
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${path} ended with ${child.exitCode}: ${said}`);
      return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
    });
  } catch (thrown) {
    await ended(child);
    throw thrown;
  }
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await exit;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

function listen(server: Server): Promise<number> {
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)),
  );
}

import { execFileSync, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { parse, stringify } from 'yaml';
import type { CliResult } from '#harness/testing/cli.ts';
import { until } from '#harness/testing/prometheus.ts';
import { cliIn, copyOfRepo, stackIn } from '#harness/testing/repo-copy.ts';
import { demo } from '#pipeline/economy/seed.ts';

type Who = keyof typeof demo;
type During = () => Promise<void>;

/** The stack of a local environment in a copy of this repo, with ways to break it and to put it right again. */
export class Platform {
  readonly root: string;
  readonly environment: string;
  readonly #stack: Awaited<ReturnType<typeof stackIn>>;
  readonly #tokens = new Map<Who, string>();

  private constructor(root: string, environment: string, stack: Awaited<ReturnType<typeof stackIn>>) {
    this.root = root;
    this.environment = environment;
    this.#stack = stack;
  }

  static async start(environment = 'local'): Promise<Platform> {
    const root = await copyOfRepo();
    try {
      return new Platform(root, environment, await stackIn(root, environment));
    } catch (thrown) {
      await rm(root, { recursive: true, force: true });
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    await this.#stack.stop();
    await rm(this.root, { recursive: true, force: true });
  }

  cli(...args: string[]): Promise<CliResult> {
    return cliIn(this.root, args);
  }

  /** Runs a gate that has one item of a real one only, which then waits for nothing; `options` replace some of it. */
  async runItem(gate: string, id: string, options: object): Promise<CliResult> {
    const text = await readFile(join(this.root, `checklists/${gate}.gate.yml`), 'utf8');
    const { items, ...rest } = parse(text, { merge: true }) as { items: { id: string; with: object }[] };
    const found = items.find((each) => each.id === id);
    if (!found) throw new Error(`${gate} has no item ${id}`);
    const { needs: _, settle: _s, ...item } = found as typeof found & { needs?: unknown; settle?: unknown };
    const alone = { ...rest, gate: 'alone', items: [{ ...item, with: { ...item.with, ...options } }] };
    await writeFile(join(this.root, 'checklists/alone.gate.yml'), stringify(alone));
    return this.cli('gate', 'run', 'alone', '--env', this.environment);
  }

  async whileFile(file: string, from: string | RegExp, to: string, during: During): Promise<void> {
    const path = join(this.root, file);
    const text = await readFile(path, 'utf8');
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${file} does not hold ${from}`);
    await writeFile(path, changed);
    await during().finally(() => writeFile(path, text));
  }

  async whileSql(broken: string, whole: string, during: During): Promise<void> {
    const client = new Client({ connectionString: this.#stack.state.secrets['DATABASE_URL'] });
    await client.connect();
    try {
      await client.query(broken);
      await during().finally(() => client.query(whole));
    } finally {
      await client.end();
    }
  }

  /** Flags as given, for every instance or for one; afterwards as declared. */
  async whileFlags(values: Record<string, boolean | number>, during: During, instance = '*'): Promise<void> {
    try {
      for (const [flag, value] of Object.entries(values)) await this.turn(flag, value, instance);
      await during();
    } finally {
      for (const flag of Object.keys(values)) await this.turn(flag, null, instance);
    }
  }

  /** `null`: as declared. */
  async turn(flag: string, value: boolean | number | null, instance = '*'): Promise<void> {
    await this.ask('admin', 'PUT', '/api/v1/admin/flags', { flag, value, instance, reason: 'a test' });
  }

  /** Asks the service, or throws what it refused. */
  async ask(who: Who, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${this.#tokenOf(who)}`, 'content-type': 'application/json' };
    const text = body && JSON.stringify(body);
    const request = { method, headers, ...(text && { body: text }) };
    let answer = new Response(null, { status: 503 });
    // A service that has too much to do wants to be asked again.
    await until(async () => {
      answer = await fetch(this.url('service', path), request);
      return answer.status !== 503;
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** The member puts something aside and sets it free again, so often: decisions, and no coin moved. */
  async decide(times: number, before: During = async () => {}): Promise<void> {
    const { items } = (await this.ask('member', 'GET', '/api/shop/items')) as { items: { id: number }[] };
    for (let turn = 0; turn < times; turn++) {
      await before();
      const held = await this.ask('member', 'POST', '/api/shop/holds/', { item_id: items[0]?.id });
      await this.ask('member', 'POST', `/api/shop/holds/${held['purchase_id']}/release/`, {});
    }
  }

  /** Until Prometheus has an answer to the query. */
  async scraped(query: string): Promise<void> {
    const url = this.url('prometheus', `/api/v1/query?query=${encodeURIComponent(query)}`);
    await until(async () => {
      const { data } = (await (await fetch(url)).json()) as { data: { result: unknown[] } };
      return data.result.length > 0;
    });
  }

  async whileSilenced(during: During, name = 'severity', value = 'warning'): Promise<void> {
    const matchers = [{ name, value, isRegex: false, isEqual: true }];
    const endsAt = new Date(Date.now() + 600_000);
    const silence = { matchers, startsAt: new Date(), endsAt, createdBy: 'test', comment: 'a test' };
    const made = await fetch(this.url('alertmanager', '/api/v2/silences'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(silence),
    });
    const { silenceID } = (await made.json()) as { silenceID: string };
    await during().finally(() =>
      fetch(this.url('alertmanager', `/api/v2/silence/${silenceID}`), { method: 'DELETE' }),
    );
  }

  /** For good. */
  kill(name: string): void {
    const found = this.#stack.state.processes.find((each) => each.name === name);
    if (!found) throw new Error(`the stack has no ${name}`);
    process.kill(found.pid, 'SIGKILL');
  }

  /** Another worker where the one of the stack was, from the files of the copy as they are now. */
  async whileWorker(during: During): Promise<void> {
    const { ports, secrets } = this.#stack.state;
    const env = { ...process.env, ...secrets, DOMAINS: 'payouts', PORT: String(ports['worker']) };
    const options = { cwd: this.root, env, stdio: 'ignore' } as const;
    const worker = spawn(process.execPath, ['pipeline/server.ts', '--worker'], options);
    await during().finally(() => worker.kill('SIGKILL'));
  }

  /** Of a program of the stack, by the name of its port. */
  url(port: string, path: string): string {
    return `http://127.0.0.1:${this.#stack.state.ports[port]}${path}`;
  }

  #tokenOf(who: Who): string {
    const known = this.#tokens.get(who);
    if (known) return known;
    const { id, role } = demo[who];
    const env = { JWT_SECRET_KEY: this.#stack.state.secrets['JWT_SECRET_KEY'] };
    const args = ['scripts/mint-token.ts', '--role', role, '--sub', id, '--ttl', '3600'];
    const token = execFileSync(process.execPath, args, { cwd: this.root, encoding: 'utf8', env }).trim();
    this.#tokens.set(who, token);
    return token;
  }
}

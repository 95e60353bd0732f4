import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { findTool } from '../tools/find.ts';

export interface TestExporter {
  readonly pid: number;
  /** What the exporter measured of a target: metric to value, of those without labels. */
  probe(module: string, target: string): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

/** A real blackbox_exporter with a configuration of its own. */
export async function startBlackboxExporter(configuration: string): Promise<TestExporter> {
  const { path } = await findTool('blackbox-exporter', { env: process.env, bring: true });
  const args = [`--config.file=${configuration}`, '--web.listen-address=127.0.0.1:0'];
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = await addressOf(child);
  return {
    pid: child.pid ?? 0,
    async probe(module, target) {
      const query = new URLSearchParams({ module, target });
      const answer = await fetch(`${url}/probe?${query}`);
      if (!answer.ok) throw new Error(await answer.text());
      return metricsIn(await answer.text());
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, 'exit');
    },
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const [, address] = /address=(127\.0\.0\.1:[1-9]\d*)/.exec(said) ?? [];
      if (address !== undefined) resolve(`http://${address}`);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`blackbox_exporter ended: ${said.slice(-500)}`)));
  });
}

function metricsIn(text: string): Map<string, number> {
  const lines = text.matchAll(/^([a-z_]+) ([0-9.e+-]+)$/gm);
  return new Map([...lines].map(([, name = '', value]) => [name, Number(value)]));
}

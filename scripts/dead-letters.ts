import { parseArgs } from 'node:util';
import type { DeadLetter } from '#pipeline/mono/dead-letters.ts';
import { type CallService, createServiceClient, refusalOf } from '#pipeline/shared/service-client.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/dead-letters.ts <command> [options]

  list               those that are open
  inspect ID         all that is known of one
  retry ID           queue its work again
  clear              settle all open ones of a topic without trying again

Options
  --topic TOPIC      default mono.fetch.* (a * at the end stands for anything)
  --state STATE      for list: open (default), retried, cleared, all
  --json             JSON on stdout
Environment
  SERVICE_URL        the running service
  JWT_SECRET_KEY     signs an admin token; or SERVICE_TOKEN, a ready one
`;

const base = '/api/v1/admin/dead-letters';

interface Options {
  topic: string;
  state: string;
  json: boolean;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean', default: false },
      topic: { type: 'string', default: 'mono.fetch.*' },
      state: { type: 'string', default: 'open' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const [command, id] = positionals;
  if (!process.env.SERVICE_URL) return refuse('SERVICE_URL is required', 2);
  const request = requestFor(command, id, values);
  if (typeof request === 'string') return refuse(request, 2);
  const call: CallService = createServiceClient({
    url: process.env.SERVICE_URL,
    token: process.env.SERVICE_TOKEN,
    jwtSecret: process.env.JWT_SECRET_KEY,
    role: 'ADMIN',
    sub: 'dead-letters-script',
  });
  const answer = await call(request.method, request.path);
  if (answer.status !== 200) return refuse(refusalOf(answer), 1);
  process.stdout.write(
    values.json ? `${JSON.stringify(answer.body.data)}\n` : request.show(answer.body.data),
  );
  return 0;
}

interface AdminRequest {
  method: string;
  path: string;
  show(data: unknown): string;
}

function requestFor(
  command: string | undefined,
  id: string | undefined,
  options: Options,
): AdminRequest | string {
  const query = new URLSearchParams({ topic: options.topic });
  const needsId = command === 'inspect' || command === 'retry';
  if (needsId && !/^[0-9a-f-]{36}$/.test(id ?? '')) return `${command} needs the id of a dead letter`;
  switch (command) {
    case 'list':
      query.set('state', options.state);
      return { method: 'GET', path: `${base}?${query}`, show: showList };
    case 'inspect':
      return { method: 'GET', path: `${base}/${id}`, show: (data) => `${JSON.stringify(data, null, 2)}\n` };
    case 'retry':
      return { method: 'POST', path: `${base}/${id}/retry`, show: () => `queued again: ${id}\n` };
    case 'clear':
      return { method: 'DELETE', path: `${base}?${query}`, show: showCleared };
    default:
      return 'name a command: list, inspect, retry, clear (see --help)';
  }
}

function showList(data: unknown): string {
  const { dead_letters: letters } = data as { dead_letters: DeadLetter[] };
  if (letters.length === 0) return 'no dead letters\n';
  return letters
    .map(({ id, state, topic, reason, attempts, updated_at, correlation_id }) =>
      [id, state, topic, reason, `x${attempts}`, updated_at, correlation_id].join('  '),
    )
    .join('\n')
    .concat('\n');
}

function showCleared(data: unknown): string {
  const { cleared, topic } = data as { cleared: number; topic: string };
  return `cleared ${cleared} of ${topic}\n`;
}

function refuse(problem: string, code: number): number {
  process.stderr.write(`dead-letters: ${problem}\n`);
  return code;
}

await runMain('dead-letters', main);

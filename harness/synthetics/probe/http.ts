import { parseExactly } from '../../checks/json.ts';
import { unescaped } from '../../config/percent.ts';
import { CountersignError } from '../../errors.ts';
import { version } from '../../version.ts';
import type { HttpCheck } from '../check-schema.ts';
import type { Criterion } from '../criteria-schema.ts';
import { capture } from './captures.ts';
import { textOf } from './http-body.ts';
import type { HttpRequest } from './http-exchange.ts';
import { judge } from './judge.ts';
import { Failure, type Looking } from './looking.ts';
import { askAndFollow, type FinalAnswer } from './redirects.ts';
import { head } from './words.ts';

type Step = NonNullable<HttpCheck['steps']>[number];

const defaultMaxBytes = 1_048_576;
const shownCharacters = 4_096;
/** JSON beyond this is judged, but not kept among the facts: observations are many and live long. */
const keptJson = 65_536;

const agent = `countersign/${version()}`;

/** Asks one URL or several in order. Each answer but the last has to hold before the next request is made. */
export async function look(check: HttpCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const all = stepsOf(check);
  const seen: { name: string; status: number; duration_ms: number }[] = [];
  for (const [index, step] of all.entries()) {
    const request = await requestOf(step, looking);
    sight.subject = subjectOf(request, step, index, all.length);
    const started = looking.elapsed();
    const answer = await askAndFollow(
      request,
      {
        maxBytes: check.max_bytes ?? defaultMaxBytes,
        insecure: check.insecure,
        serverName: check.server_name,
        connections: check.connection === 'kept' ? looking.context.connections : undefined,
      },
      { follow: check.follow ?? 0, toPrivate: check.follow_to_private ?? false },
      looking,
    );
    const duration = Math.round(looking.elapsed() - started);
    seen.push({ name: step.name ?? request.method, status: answer.status, duration_ms: duration });
    keep(answer, duration, looking);
    sight.facts['steps'] = [...seen];
    const last = index === all.length - 1;
    if (!last || step.success_criteria) {
      await refuse(await looking.fill((step.success_criteria ?? []) as readonly Criterion[]), looking);
    }
    capture(step.capture ?? {}, { text: sight.text, headers: answer.headers }, looking.captured);
  }
}

function stepsOf(check: HttpCheck): Step[] {
  const { method, url, headers, json, body, steps = [] } = check;
  const first = { method, url, headers, json, body, capture: check.capture, name: check.name } as Step;
  return [first, ...steps];
}

/** The basis of a step: its own criteria, else 2xx. */
async function refuse(criteria: readonly Criterion[], { sight }: Looking): Promise<void> {
  const [broken] = await judge('http', { criteria, expect: [] }, sight);
  if (broken) throw new Failure(broken.message, { timed: broken.timed ?? false });
}

async function requestOf(step: Step, looking: Looking): Promise<HttpRequest> {
  const filled = await looking.fill({
    url: step.url,
    headers: step.headers,
    json: step.json,
    body: step.body,
  });
  const url = URL.parse(filled.url);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CountersignError(
      'CONFIG_INVALID',
      `\`${looking.context.redact(filled.url)}\` is no URL of http or https`,
    );
  }
  if (url.hash !== '') url.hash = '';
  const headers: Record<string, string> = { host: url.host, 'user-agent': agent, accept: '*/*' };
  if (filled.json !== undefined) headers['content-type'] = 'application/json';
  const credentials = authorizationOf(url);
  if (credentials !== undefined) headers['authorization'] = credentials;
  for (const name in filled.headers) headers[name.toLowerCase()] = filled.headers[name] ?? '';
  return {
    method: step.method ?? 'GET',
    url,
    headers,
    body: filled.json === undefined ? filled.body : JSON.stringify(filled.json),
  };
}

/** User and password leave the URL, which is shown. */
function authorizationOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const pair = `${unescaped(url.username)}:${unescaped(url.password)}`;
  url.username = '';
  url.password = '';
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function subjectOf({ method, url }: HttpRequest, step: Step, index: number, count: number): string {
  const asked = `${method} ${url.href}`;
  if (count === 1) return asked;
  const name = index > 0 && step.name ? ` \`${step.name}\`` : '';
  return `step ${index + 1} of ${count}${name}, ${asked}`;
}

function keep(answer: FinalAnswer, duration: number, { sight }: Looking): void {
  const type = answer.headers['content-type'] ?? '';
  const text = textOf(answer.body, type);
  const json = /^[^;]*[/+]json\b/i.test(type) && text !== undefined ? parsed(text) : undefined;
  // Of a picture or a PDF at least the letters can be looked for.
  sight.text = text ?? answer.body.toString('latin1');
  sight.saw = text ?? `${answer.body.length} bytes that are no text`;
  const { certificate } = sight.facts;
  sight.facts = {
    status: answer.status,
    duration_ms: duration,
    headers:
      'set-cookie' in answer.headers ? { ...answer.headers, 'set-cookie': '[redacted]' } : answer.headers,
    body_bytes: answer.body.length,
    body_text: head(text ?? '', shownCharacters),
    ...(json === undefined ? {} : { json }),
    url: answer.url.href,
    redirects: answer.redirects,
    redirected_to: answer.redirectedTo,
    reused: answer.reused,
    ...(certificate === undefined ? {} : { certificate }),
  };
  if (answer.body.length > keptJson) sight.bulk = ['json'];
}

function parsed(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return undefined;
  }
}

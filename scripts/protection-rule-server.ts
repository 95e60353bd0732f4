import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';

/** What GitHub asks before it lets a job deploy. */
export interface Deployment {
  repository: string;
  environment: string;
  commit: string;
}

export interface Answer {
  approved: boolean;
  /** Markdown, shown beside the decision. */
  comment: string;
}

export interface ProtectionRule {
  /** Secret of the webhook. */
  secret: string;
  /** Base of GitHub's API, such as `https://api.github.com`: answers go nowhere else. */
  api: string;
  /** `owner/name`: other repositories get no answer. */
  repository: string;
  /** Token of the app's installation; they are short-lived, so it is asked for each time. */
  token(): Promise<string>;
  /** Whatever it throws is a rejection. */
  decide(deployment: Deployment): Promise<Answer>;
  say(line: string): void;
}

const mostBytes = 1024 * 1024;
const mostRemembered = 1_000;
const callbackMs = 10_000;
const tries = 3;
const maxComment = 4_000;

/** A handler of `deployment_protection_rule`: verifies who asks, decides, answers at the callback of the request. */
export function protectionRuleServer(rule: ProtectionRule): Server {
  // GitHub delivers again what it thinks was lost; a report may be used once.
  const answers = new Map<string, Promise<Answer>>();
  return createServer(async (request, response) => {
    const end = (status: number, text: string) => response.writeHead(status).end(`${text}\n`);
    if (request.method !== 'POST') return end(405, 'POST only');
    const body = await readBody(request).catch(() => undefined);
    if (!body) return end(413, 'too large');
    if (!isSigned(rule.secret, body, request.headers['x-hub-signature-256'])) return end(401, 'not signed');
    if (request.headers['x-github-event'] !== 'deployment_protection_rule') return end(202, 'not for us');
    const asked = readRequest(body, rule);
    if (typeof asked === 'string') return end(400, asked);
    end(202, 'asked');
    const { callback, deployment } = asked;
    const delivery = String(request.headers['x-github-delivery']);
    const answer = answers.get(delivery) ?? decide(rule, deployment);
    if (answers.size >= mostRemembered) answers.delete(answers.keys().next().value ?? '');
    answers.set(delivery, answer);
    await tell(rule, callback, deployment.environment, await answer);
  }).setTimeout(30_000);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) throw new Error('too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Over the bytes as they came, in a time that tells nothing. */
function isSigned(secret: string, body: Buffer, header: string | string[] | undefined): boolean {
  const wanted = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(typeof header === 'string' ? header : '');
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function readRequest(
  body: Buffer,
  rule: ProtectionRule,
): { callback: string; deployment: Deployment } | string {
  const payload = parse(body);
  if (payload?.['action'] !== 'requested') return 'not a request';
  const repository = textOf(payload['repository'], 'full_name');
  const commit = textOf(payload['deployment'], 'sha');
  const [environment, callback] = [payload['environment'], payload['deployment_callback_url']];
  if (repository !== rule.repository) return 'another repository';
  if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit)) return 'no commit';
  if (typeof environment !== 'string' || environment === '') return 'no environment';
  if (typeof callback !== 'string' || !isCallback(callback, rule)) return 'the callback leads elsewhere';
  return { callback, deployment: { repository, environment, commit } };
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(body.toString())) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown, name: string): string | undefined {
  const found = (Object(value) as Record<string, unknown>)[name];
  return typeof found === 'string' ? found : undefined;
}

/** The token is sent there: only to the API, and only to the one place of this repository that takes answers. */
function isCallback(text: string, { api, repository }: ProtectionRule): boolean {
  const [prefix, suffix] = [`${api}/repos/${repository}/actions/runs/`, '/deployment_protection_rule'];
  const run = text.slice(prefix.length, -suffix.length);
  return text === `${prefix}${run}${suffix}` && /^[0-9]{1,20}$/.test(run);
}

async function decide(rule: ProtectionRule, deployment: Deployment): Promise<Answer> {
  try {
    return await rule.decide(deployment);
  } catch (thrown) {
    rule.say(`${deployment.environment} ${deployment.commit}: ${String(thrown)}`);
    return { approved: false, comment: 'nobody could tell: see the log of the rule' };
  }
}

async function tell(
  rule: ProtectionRule,
  callback: string,
  environment: string,
  answer: Answer,
): Promise<void> {
  const body = JSON.stringify({
    environment_name: environment,
    state: answer.approved ? 'approved' : 'rejected',
    comment: answer.comment.slice(0, maxComment),
  });
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    try {
      const { status } = await fetch(callback, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(callbackMs),
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${await rule.token()}`,
          'content-type': 'application/json',
          'x-github-api-version': '2022-11-28',
        },
        body,
      });
      rule.say(`${environment}: ${answer.approved ? 'approved' : 'rejected'}, GitHub answered ${status}`);
      if (status < 500) return;
    } catch (thrown) {
      rule.say(`${environment}: attempt ${attempt} of ${tries}: ${String(thrown)}`);
    }
  }
}

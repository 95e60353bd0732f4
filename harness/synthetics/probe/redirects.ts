import { isPrivate } from './address.ts';
import { exchange, type HttpRequest, type Limits, type RawAnswer } from './http-exchange.ts';
import { Failure, type Looking } from './looking.ts';
import { quote } from './words.ts';

export interface Following {
  /** Redirects to follow at most. */
  follow: number;
  toPrivate: boolean;
}

export interface FinalAnswer extends RawAnswer {
  url: URL;
  redirects: number;
  /** Where it led in the end, followed or not; empty if nowhere. */
  redirectedTo: string;
}

const redirectStatus = new Set([301, 302, 303, 307, 308]);

/** What a server may be told to which the check itself sent nobody. */
const harmlessHeaders = new Set([
  'accept',
  'accept-language',
  'accept-encoding',
  'user-agent',
  'content-type',
]);

/**
 * Asks, and follows redirects as far as it may. A redirect leads to a private address only where that is allowed, or
 * where it leads back to the host that the check names and that was reached at a private address already.
 */
export async function askAndFollow(
  first: HttpRequest,
  limits: Omit<Limits, 'publicOnly'>,
  { follow, toPrivate }: Following,
  looking: Looking,
): Promise<FinalAnswer> {
  const way = [first.url.href];
  let request = first;
  let ownHost: string | undefined;
  for (let redirects = 0; ; redirects += 1) {
    const publicOnly = redirects > 0 && !toPrivate && request.url.hostname !== ownHost;
    const answer = await exchange(request, { ...limits, publicOnly }, looking);
    if (redirects === 0 && follow > 0 && answer.address !== '' && isPrivate(answer.address))
      ownHost = first.url.hostname;
    const location = redirectStatus.has(answer.status) ? answer.headers['location'] : undefined;
    const next = location === undefined ? undefined : parse(location, request.url);
    if (next === undefined || redirects >= follow) {
      if (next && follow > 0) throw tooMany(way, next, follow);
      const led = next?.href ?? (redirects > 0 ? request.url.href : '');
      return { ...answer, url: request.url, redirects, redirectedTo: led };
    }
    if (way.includes(next.href))
      throw new Failure(`was redirected in a circle: ${shown([...way, next.href])}`);
    way.push(next.href);
    request = redirected(request, next, answer.status);
  }
}

function parse(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (!next || !/^https?:$/.test(next.protocol)) {
    throw new Failure(`was redirected to ${quote(location)}, which is no address of HTTP`);
  }
  next.hash = '';
  return next;
}

function tooMany(way: readonly string[], next: URL, follow: number): Failure {
  return new Failure(
    `was redirected more than ${follow} ${follow === 1 ? 'time' : 'times'} (\`follow\`): ${shown([...way, next.href])}`,
  );
}

/** The way that it took: paths where it never left the origin, without its middle where it is long. */
function shown(way: readonly string[]): string {
  const origins = new Set(way.map((each) => new URL(each).origin));
  const short = origins.size > 1 ? way : way.map((each) => each.slice(new URL(each).origin.length));
  const steps = short.length > 6 ? [...short.slice(0, 3), '…', ...short.slice(-2)] : short;
  return steps.join(' → ');
}

function redirected(request: HttpRequest, url: URL, status: number): HttpRequest {
  const foreign = url.origin !== request.url.origin;
  const asGet = status === 303 ? request.method !== 'HEAD' : status < 303 && request.method === 'POST';
  if (foreign && !asGet && request.body !== undefined) {
    throw new Failure(`was redirected with its body to ${url.origin}, which the check does not name`);
  }
  const kept = Object.entries(request.headers).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'host') return false;
    if (asGet && lower.startsWith('content-')) return false;
    return !foreign || harmlessHeaders.has(lower);
  });
  return {
    method: asGet ? 'GET' : request.method,
    url,
    headers: { ...Object.fromEntries(kept), host: url.host },
    body: asGet ? undefined : request.body,
  };
}

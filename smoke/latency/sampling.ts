/** What is asked, and when an answer is the right one. */
export interface Endpoint {
  name: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Why it is wrong, or nothing. */
  problemOf(status: number, body: unknown): string | undefined;
}

export interface Sampled {
  name: string;
  path: string;
  samples_ms: number[];
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  errors: number;
  /** The first few, for people. */
  problems: string[];
}

const longestWaitMs = 5_000;
const mostBytes = 1024 * 1024;
const mostProblems = 3;

/**
 * One request after the other, the endpoints in turn, so that a bad second falls on all of them. Each is asked once
 * before, unmeasured but judged: the first request pays for the connection. Only right answers are samples.
 */
export async function sample(
  base: string,
  endpoints: readonly Endpoint[],
  samples: number,
): Promise<Sampled[]> {
  const taken = endpoints.map(() => ({ times: [] as number[], problems: [] as string[] }));
  for (let round = 0; round <= samples; round += 1) {
    for (const [index, endpoint] of endpoints.entries()) {
      const { time, problem } = await ask(base, endpoint);
      if (problem !== undefined) taken[index]?.problems.push(problem);
      else if (round > 0) taken[index]?.times.push(time);
    }
    // A service that is not there is asked once, not for minutes.
    if (taken.every(({ times, problems }) => times.length === 0 && problems.length > 0)) break;
  }
  return endpoints.map(({ name, path }, index) => {
    const { times = [], problems = [] } = taken[index] ?? {};
    const percentiles = percentilesOf(times);
    return {
      name,
      path,
      samples_ms: times,
      ...percentiles,
      errors: problems.length,
      problems: problems.slice(0, mostProblems),
    };
  });
}

async function ask(base: string, endpoint: Endpoint): Promise<{ time: number; problem: string | undefined }> {
  const begun = performance.now();
  try {
    const answer = await fetch(`${base}${endpoint.path}`, {
      headers: endpoint.headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(longestWaitMs),
    });
    const body = await boundedText(answer);
    const time = Math.round((performance.now() - begun) * 1_000) / 1_000;
    return { time, problem: endpoint.problemOf(answer.status, jsonOf(body)) };
  } catch (error) {
    return { time: 0, problem: whyNoAnswer(error) };
  }
}

async function boundedText(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`the answer is larger than ${mostBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function whyNoAnswer(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return `no answer within ${longestWaitMs / 1_000} s`;
  const { cause } = error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return code === '' ? error.message : `no answer: ${code}`;
}

/** By nearest rank; no samples have no percentiles, and NaN is null in JSON. */
function percentilesOf(times: readonly number[]): Pick<Sampled, 'p50' | 'p90' | 'p95' | 'p99'> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

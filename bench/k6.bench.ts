import { probe, startBench } from '#harness/checks/latency/fixtures/bench.ts';

/**
 * What the kind `latency` adds to a load, with the real k6: from its start to the first request (k6 is asked for the
 * size of the load first, so it starts twice), and from the last request to the facts (k6 ends, its summary and its
 * time series are read).
 */
const runs = 7;
const requests = 2_000;

export async function bench(): Promise<string[]> {
  const project = await startBench();
  try {
    await project.add('fast.ts', probe('').replace('sleep(0.02);', ''));
    const starts: number[] = [];
    const ends: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const times = await timesOf(project);
      starts.push(times.first - times.begun);
      ends.push(times.ended - times.last);
    }
    return [
      `k6 from its start to the first request: ${median(starts)} ms; from the last request to the facts: ${median(ends)} ms`,
      `  medians of ${runs} runs of ${requests} requests; stated, no goal`,
    ];
  } finally {
    await project.stop();
  }
}

async function timesOf(project: Awaited<ReturnType<typeof startBench>>) {
  const times = { begun: performance.now(), first: 0, last: 0, ended: 0 };
  const facts = await project.answeredBy(
    (_request, response) => {
      times.last = performance.now();
      times.first ||= times.last;
      response.end('ok');
    },
    () => project.measure({ script: 'fast.ts', vus: 2, iterations: requests }),
  );
  times.ended = performance.now();
  if (facts.requests !== requests) throw new Error(`${facts.requests} requests, not ${requests}`);
  return times;
}

function median(times: number[]): string {
  return (times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0).toFixed(0);
}

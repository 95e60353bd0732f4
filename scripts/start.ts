import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const gate = 'mono-staging-dry-run';

interface Report {
  predicate: {
    decision: string;
    run: { duration_ms: number };
    items: { id: string; attempts: { facts?: { summary?: Record<string, unknown> } }[] }[];
  };
}

/** Runs the gate as a user would, in a terminal of the user's; resolves to its exit code. */
function runGate(): Promise<number> {
  const child = spawn(
    process.execPath,
    ['harness/bin.mjs', 'gate', 'run', gate, '--env', 'local', '--sign'],
    {
      stdio: 'inherit',
    },
  );
  // Ctrl-C reaches the child by itself, as it shares the terminal; this process only has to wait for it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 1)));
  });
}

function closing(exit: number): string {
  const { predicate } = JSON.parse(readFileSync('.countersign/latest/report.json', 'utf8')) as Report;
  const smoke = predicate.items.find(({ id }) => id === 'smoke')?.attempts.at(-1)?.facts?.summary;
  const again = predicate.items.find(({ id }) => id === 'duplicate-guard')?.attempts.at(-1)?.facts?.summary;
  const counted = smoke
    ? [
        `  the smoke run inserted ${smoke['inserted_count']} transactions, ${smoke['total_amount']} naira turned over;`,
        `  the run after it inserted ${again?.['inserted_count'] ?? 'nothing'} and found ${again?.['duplicate_count'] ?? 'none'} again`,
      ]
    : [];
  return [
    `${predicate.decision} in ${(predicate.run.duration_ms / 1_000).toFixed(1)} s`,
    ...counted,
    '',
    '  signed report   .countersign/latest/signoff.dsse.json',
    '  to read         .countersign/latest/report.html',
    '',
    exit === 0 ? 'next:' : 'to see why:',
    '  npx countersign gate show latest totals-match-mono',
    '  npx countersign gate verify latest',
    '  npx countersign gate plan mono-staging-dry-run',
    '',
  ].join('\n');
}

process.exitCode = await runGate();
if (process.exitCode === 0 || process.exitCode === 1 || process.exitCode === 3) {
  try {
    process.stdout.write(`\n${closing(process.exitCode)}`);
  } catch {
    process.stderr.write('no report was written\n');
  }
}

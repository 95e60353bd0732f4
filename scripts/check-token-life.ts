import { parseArgs } from 'node:util';

const help = `Usage: node scripts/check-token-life.ts

Tells how long a JWT still lives by its own words: a service refuses one that has ended under any key, so that only the
refusal of one that lives says anything about keys. Nothing is asked, and no signature is looked at.
Prints one line of JSON: {"seconds_left", "problem"}. Exit code 0 if it still lives, 1 if not, 2 if there is none.

  TOKEN    the token
`;

/** Whole seconds until a JWT ends; undefined if it does not say. */
export function secondsLeft(token: string, now: Date): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return Number.isInteger(exp) ? exp - Math.ceil(now.getTime() / 1000) : undefined;
  } catch {
    return undefined;
  }
}

function main(): number {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { TOKEN: token } = process.env;
  if (!token) {
    process.stderr.write('check-token-life: TOKEN required\n');
    return 2;
  }
  const left = secondsLeft(token, new Date());
  const ended = left !== undefined && left <= 0 ? `the token ended by itself ${-left} s ago` : '';
  const problem = left === undefined ? 'the token does not say when it ends' : ended;
  process.stdout.write(`${JSON.stringify({ seconds_left: left ?? null, problem })}\n`);
  return problem === '' ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = main();
  } catch (thrown) {
    process.stderr.write(`check-token-life: ${thrown instanceof Error ? thrown.message : thrown}\n`);
    process.exitCode = 2;
  }
}

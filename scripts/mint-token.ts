import { parseArgs } from 'node:util';
import { isRole, roles } from '#pipeline/runtime/roles.ts';
import { mintToken } from '#pipeline/runtime/token.ts';

const help = `Usage: node scripts/mint-token.ts --role ROLE [--sub ID] [--ttl SECONDS]

Prints a JWT signed with JWT_SECRET_KEY, for local use and tests.
  --role  one of ${roles.join(', ')}
  --sub   who it speaks for (default: MONO_SI_ID, else local-si; for ADMIN: local-admin)
  --ttl   life in seconds, 1 to 3600 (default 600)
`;

function main(): number {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      role: { type: 'string' },
      sub: { type: 'string' },
      ttl: { type: 'string', default: '600' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const secret = process.env.JWT_SECRET_KEY;
  const ttl = Number(values.ttl);
  if (!secret) return refuse('JWT_SECRET_KEY is required');
  if (!isRole(values.role)) return refuse(`--role must be one of ${roles.join(', ')}`);
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > 3600) return refuse('--ttl must be 1 to 3600');
  const fallback = values.role === 'ADMIN' ? 'local-admin' : (process.env.MONO_SI_ID ?? 'local-si');
  process.stdout.write(`${mintToken(secret, { sub: values.sub ?? fallback, role: values.role }, ttl)}\n`);
  return 0;
}

function refuse(problem: string): number {
  process.stderr.write(`mint-token: ${problem}\n`);
  return 2;
}

process.exitCode = main();

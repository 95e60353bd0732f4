import { parseArgs } from 'node:util';
import { isRole, roles } from '#pipeline/runtime/roles.ts';
import { mintToken } from '#pipeline/runtime/token.ts';

const help = `Usage: node scripts/mint-token.ts --role ROLE [--realm REALM] [--sub ID] [--ttl SECONDS]

Prints a JWT, for local use, tests and rotations.
  --role   one of ${roles.join(', ')}
  --realm  platform: signed with JWT_SECRET_KEY (default); payouts: signed with JWT_SECRET
  --sub    who it speaks for (default: MONO_SI_ID, else local-si; for ADMIN: local-admin)
  --ttl    life in seconds, 1 to 43200 (default 600): the service takes no token that is older
`;

const keys = new Map([
  ['platform', 'JWT_SECRET_KEY'],
  ['payouts', 'JWT_SECRET'],
]);

function main(): number {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      role: { type: 'string' },
      realm: { type: 'string', default: 'platform' },
      sub: { type: 'string' },
      ttl: { type: 'string', default: '600' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const key = keys.get(values.realm);
  if (key === undefined) return refuse(`--realm must be one of ${[...keys.keys()].join(', ')}`);
  const secret = process.env[key];
  const ttl = Number(values.ttl);
  if (!secret) return refuse(`${key} is required`);
  if (!isRole(values.role)) return refuse(`--role must be one of ${roles.join(', ')}`);
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > 43_200) return refuse('--ttl must be 1 to 43200');
  const fallback = values.role === 'ADMIN' ? 'local-admin' : (process.env.MONO_SI_ID ?? 'local-si');
  process.stdout.write(`${mintToken(secret, { sub: values.sub ?? fallback, role: values.role }, ttl)}\n`);
  return 0;
}

function refuse(problem: string): number {
  process.stderr.write(`mint-token: ${problem}\n`);
  return 2;
}

try {
  process.exitCode = main();
} catch (thrown) {
  process.exitCode = refuse(thrown instanceof Error ? thrown.message : String(thrown));
}

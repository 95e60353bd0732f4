import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/deploy-synthetics.ts --env production [--to SERVICE] [--dry-run] [--prune]

Deploys synthetics/uptime_checks.yml to the service that monitors an environment, as
\`countersign synthetics deploy\` does; exit codes are the same.

  --env NAME       environment of the file
  --to SERVICE     datadog, newrelic or checkly; default SYNTHETICS_SERVICE, else datadog
  --dry-run        show the plan, and change nothing
  --prune          delete tests that the file has no more
  --set NAME=VALUE as of the command, such as locations=aws:eu-central-1
Environment: credentials of the service, as \`countersign synthetics deploy --help\` names them
`;

const file = 'synthetics/uptime_checks.yml';
const root = fileURLToPath(new URL('..', import.meta.url));

function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      env: { type: 'string' },
      to: { type: 'string' },
      'dry-run': { type: 'boolean' },
      prune: { type: 'boolean' },
      set: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (flags.help || flags.env === undefined) {
    (flags.help ? process.stdout : process.stderr).write(help);
    return Promise.resolve(flags.help ? 0 : 2);
  }
  const to = flags.to ?? process.env['SYNTHETICS_SERVICE'] ?? 'datadog';
  const more = [
    ...(flags['dry-run'] ? ['--dry-run'] : []),
    ...(flags.prune ? ['--prune'] : []),
    ...(flags.set ?? []).flatMap((setting) => ['--set', setting]),
  ];
  const args = ['harness/bin.mjs', 'synthetics', 'deploy', file, '--to', to, '--env', flags.env, ...more];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return new Promise((done, fail) => child.on('error', fail).on('close', (code) => done(code ?? 3)));
}

await runMain('deploy-synthetics', main, 2);

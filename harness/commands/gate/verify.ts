import { readFile } from 'node:fs/promises';
import { confineExisting, openProject, type Project } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { headCommit } from '../../gate/release.ts';
import { type VerifyOptions, verifyFolder } from '../../sign/verify.ts';
import { booleanFlag, type Command, type Io, jsonFlag, positionals, stringFlag } from '../command.ts';
import { decisionText } from '../paint.ts';
import { type OpenRun, openRun, verification } from './open-run.ts';
import { verifyLines } from './verify-lines.ts';

export const command: Command = {
  usage: 'RUN [--signers FILE] [--commit SHA] [--for deploy] [--json]',
  about: `
Verifies signatures, people, evidence and verdict of a run folder, offline. RUN is a folder, an id or \`latest\`.
Without --for deploy it judges as of the signing time. exit codes: 0 GO and fully signed, 1 NO_GO or not to be
deployed, 3 inconclusive or signatures missing, 4 invalid.

example: countersign gate verify latest`,
  flags: {
    signers: {
      type: 'string',
      value: 'FILE',
      summary: "signers file; default: the environment's own in this repo",
    },
    commit: { type: 'string', value: 'SHA', summary: 'the commit that is to be released' },
    for: {
      type: 'string',
      value: 'deploy',
      summary: 'judge as of now, for this checkout; a rehearsal is refused',
    },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const use = stringFlag(args, 'for');
    if (use !== undefined && use !== 'deploy')
      throw new CountersignError('USAGE', `--for takes \`deploy\`, not \`${use}\``);
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
      ...(use === 'deploy' ? await deployTarget(project, run) : {}),
    };
    const commit = stringFlag(args, 'commit');
    const result = await verifyFolder(commit ? { ...options, git: { commit } } : options);
    return finish(io, booleanFlag(args, 'json'), result);
  },
};

/** What this checkout would deploy: its commit, and the gate as it stands here. */
async function deployTarget(
  project: Project | undefined,
  { statement }: OpenRun,
): Promise<Partial<VerifyOptions>> {
  if (!project) {
    throw new CountersignError('CONFIG_MISSING', '--for deploy needs the repo that is to be deployed', {
      hint: 'run it inside that repo',
    });
  }
  const commit = await headCommit(project.root);
  if (commit === undefined) {
    throw new CountersignError(
      'CONFIG_MISSING',
      'this folder is no git work tree, so nobody knows what is to be deployed',
      {
        hint: 'run it in the checkout that is deployed',
      },
    );
  }
  const gate = await readFile(await confineExisting(project.root, statement.predicate.gate.file));
  return {
    forDeploy: true,
    git: { commit },
    gate,
    environment: { name: statement.predicate.environment.name },
  };
}

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

function verdict(io: Io, { exit, decision }: Awaited<ReturnType<typeof verifyFolder>>): string {
  if (exit === 4 || !decision) return 'invalid: this report proves nothing';
  if (exit === 3 && decision !== 'INCONCLUSIVE')
    return `${decisionText(io.stdout, decision)}, but not fully signed yet`;
  if (exit === 1 && decision !== 'NO_GO')
    return `${decisionText(io.stdout, decision)}, but not to be deployed now`;
  return decisionText(io.stdout, decision);
}

import { dirname, relative, resolve } from 'node:path';
import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { writeWhole } from '../../gate/evidence.ts';
import { testResult } from '../../report/test-result.ts';
import { verificationSummary } from '../../report/verification-summary.ts';
import { readRunFile } from '../../sign/folder.ts';
import type { Signer } from '../../sign/keys.ts';
import { signedInputs, signForOthers } from '../../sign/outside.ts';
import { sha256 } from '../../sign/statement.ts';
import { type VerifyResult, verifyFolder } from '../../sign/verify.ts';
import { type Arguments, type Command, type Io, positionals, stringFlag } from '../command.ts';
import { type OpenRun, openRun, verification } from './open-run.ts';
import { refuseInside } from './report-output.ts';
import { personFlags, speaker } from './sign.ts';

const types = ['test-result', 'vsa'] as const;

export const command: Command = {
  usage: 'RUN --type test-result|vsa [--as PERSON] [--out FILE]',
  about: `
Says what a report says in words that other tools know: in-toto's test-result v0.1, or SLSA's verification summary for
policy engines. A report that does not verify gives none. Without --as it is plain JSON; with it, a Sigstore bundle
with one signature, which cosign verifies. RUN is a folder, an id or \`latest\`.

example: countersign gate statement latest --type vsa --as ada --out vsa.sigstore.json`,
  flags: {
    type: { type: 'string', value: 'TYPE', summary: 'test-result or vsa' },
    ...personFlags,
    out: { type: 'string', value: 'FILE', summary: 'file to write, outside the run folder; default: stdout' },
    resource: { type: 'string', value: 'URI', summary: 'vsa: what is released; default: the first subject' },
    verifier: { type: 'string', value: 'URI', summary: 'vsa: who verifies, as consumers know them' },
    signers: { type: 'string', value: 'FILE', summary: "signers file; default: the environment's own" },
  },
  async run(args, io) {
    const [name] = positionals(args, ['RUN']);
    const type = types.find((one) => one === stringFlag(args, 'type'));
    if (type === undefined) throw new CountersignError('USAGE', `--type takes ${types.join(' or ')}`);
    const project = await openProject(io.cwd).catch(() => undefined);
    const run = await openRun(io, name, project);
    const out = stringFlag(args, 'out');
    const file = out === undefined ? undefined : resolve(io.cwd, out);
    if (file !== undefined) await refuseInside(run.folder, dirname(file));
    const statement = type === 'vsa' ? await summary(args, io, run) : await results(args, io, run);
    const signer = await signerFor(args, io, run, project?.state);
    const bytes = signer
      ? await signForOthers(signer, statement)
      : Buffer.from(`${JSON.stringify(statement, null, 2)}\n`);
    if (file === undefined) io.stdout.write(bytes.toString());
    else {
      await writeWhole(file, bytes);
      io.stderr.write(`wrote ${relative(io.cwd, file)}${signer ? `, signed by ${signer.keyid}` : ''}\n`);
    }
    return 0;
  },
};

async function results(args: Arguments, io: Io, run: OpenRun): Promise<object> {
  const options = await verification(io, run, stringFlag(args, 'signers'));
  const { decision, withdrawn } = refuseInvalid(await verifyFolder(options));
  return testResult(run.statement, sha256(await readRunFile(run.folder, 'report.json')), {
    ...(decision ? { decision } : {}),
    ...(withdrawn ? { withdrawn } : {}),
  });
}

/** As of now and for use: whoever reads it sees the time of verification, and nothing of the report's own. */
async function summary(args: Arguments, io: Io, run: OpenRun): Promise<object> {
  const options = await verification(io, run, stringFlag(args, 'signers'));
  const { exit, decision } = refuseInvalid(await verifyFolder({ ...options, forDeploy: true }));
  return verificationSummary({
    statement: run.statement,
    exit,
    decision,
    inputs: await signedInputs(run.folder, run.statement),
    at: options.now,
    version: options.version,
    verifier: uriFlag(args, 'verifier'),
    resource: uriFlag(args, 'resource'),
  });
}

function refuseInvalid(result: VerifyResult): VerifyResult {
  if (result.exit !== 4) return result;
  const wrong = result.lines.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`);
  throw new CountersignError('REPORT_INVALID', wrong.join('; '), {
    hint: 'nothing can be said of it to others: see `countersign gate verify`',
  });
}

function uriFlag(args: Arguments, name: string): string | undefined {
  const text = stringFlag(args, name);
  if (text !== undefined && !/^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(text))
    throw new CountersignError('USAGE', `--${name} takes a URI, not \`${text}\``);
  return text;
}

async function signerFor(
  args: Arguments,
  io: Io,
  { statement }: OpenRun,
  state: string | undefined,
): Promise<Signer | undefined> {
  if (stringFlag(args, 'as') === undefined) {
    if (stringFlag(args, 'key') !== undefined) throw new CountersignError('USAGE', '--key needs --as PERSON');
    return undefined;
  }
  const { signer } = await speaker(args, io, state ?? `${io.cwd}/.countersign`);
  if (signer.unprotected && !statement.predicate.environment.rehearsal)
    throw new CountersignError('SIGNING_REFUSED', 'a key without a passphrase signs rehearsals only');
  return signer;
}

import { openProject } from '../../config/project.ts';
import { type VerifyResult, verifyFolder } from '../../sign/verify.ts';
import { deployTarget } from './deploy-target.ts';
import { openRun, verification } from './open-run.ts';

export interface DeployQuestion {
  /** Checkout of the commit that is to be deployed. */
  root: string;
  /** Folder of the run. */
  run: string;
  /** Id of the gate that has to be passed; what the report names proves nothing. */
  gate: string;
  environment: string;
  commit: string;
  /** From a place that the commit can't change. */
  signers: string;
  /** File or `postgres://…` of the reports that were used. */
  ledger: string;
  now: Date;
}

/** What `gate verify --for deploy` asks, as a function: exit 0 alone means that it may be deployed now. */
export async function verifyForDeploy(question: DeployQuestion): Promise<VerifyResult> {
  const { root, run, gate, environment, commit, signers, ledger, now } = question;
  const io = { cwd: root, env: {} };
  const project = await openProject(root);
  const opened = await openRun(io, run);
  const flags = { gate, env: environment, commit, ledger };
  return verifyFolder({
    ...(await verification(io, opened, signers)),
    ...(await deployTarget({ flags, positionals: [] }, io, project, opened)),
    now,
  });
}

/** What a user's own check kinds, scripts and tests import from `countersign`. */
export {
  Anything,
  type Artifact,
  BigInteger,
  type CheckContext,
  type CheckKind,
  type Clock,
  DurationText,
  defineCheck,
  type EnvironmentView,
  Instant,
  type LintContext,
  Options,
} from './checks/define.ts';
export { type DeployQuestion, verifyForDeploy } from './commands/gate/verify-for-deploy.ts';
export { openProject, type Project, type UserConfig } from './config/project.ts';
export { CountersignError, type ErrorCode, type Problem } from './errors.ts';
export { recompute } from './gate/recompute.ts';
export { type GateRun, type GateRunOptions, runGate } from './gate/session.ts';
export type { Decision, ItemReport, ItemState, SignOff, Statement } from './report/schema.ts';
export { type SignOptions, signReport } from './sign/sign.ts';
export { type VerifyOptions, type VerifyResult, verifyFolder } from './sign/verify.ts';
export type { HttpSource, LogSource, PostgresSource, PrometheusSource, Sources } from './sources/define.ts';
export { Type } from './type.ts';

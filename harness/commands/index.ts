import type { Command } from './command.ts';

export interface CommandEntry {
  summary: string;
  load(): Promise<{ command: Command }>;
}

/** One lazy, sorted line a verb: help must not load what it lists. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  'checks list': { summary: 'list every kind of check', load: () => import('./checks/list.ts') },
  'checks show': { summary: 'show options and facts of a kind', load: () => import('./checks/show.ts') },
  doctor: {
    summary: 'show every external tool and how to get what is missing',
    load: () => import('./doctor.ts'),
  },
  'gate abort': { summary: 'end a run for good', load: () => import('./gate/abort.ts') },
  'gate attest': { summary: 'answer a manual item as a person', load: () => import('./gate/attest.ts') },
  'gate comment': { summary: 'remark on a report as a person', load: () => import('./gate/comment.ts') },
  'gate diff': {
    summary: 'show what changed between two runs of a gate',
    load: () => import('./gate/diff.ts'),
  },
  'gate explain': {
    summary: 'tell what keeps a run from GO, and who has to do what',
    load: () => import('./gate/explain.ts'),
  },
  'gate export': { summary: 'write a run as one zip archive', load: () => import('./gate/export.ts') },
  'gate import': {
    summary: 'unpack an archive of a run, all or nothing',
    load: () => import('./gate/import.ts'),
  },
  'gate lint': { summary: 'check gate files without running anything', load: () => import('./gate/lint.ts') },
  'gate list': { summary: 'list the gates of this repo', load: () => import('./gate/list.ts') },
  'gate plan': { summary: 'show what a gate would do, in order', load: () => import('./gate/plan.ts') },
  'gate prune': {
    summary: 'delete old runs that nothing valid rests on',
    load: () => import('./gate/prune.ts'),
  },
  'gate remind': {
    summary: 'tell signers of gates that wait or expire',
    load: () => import('./gate/remind.ts'),
  },
  'gate replay': {
    summary: 'judge the facts of a run again, byte for byte',
    load: () => import('./gate/replay.ts'),
  },
  'gate reject': { summary: 'say no to a report as a person', load: () => import('./gate/reject.ts') },
  'gate resume': { summary: 'go on with a run that was interrupted', load: () => import('./gate/resume.ts') },
  'gate revoke': { summary: "revoke somebody's key for a run", load: () => import('./gate/revoke.ts') },
  'gate run': { summary: 'run a gate and write its report', load: () => import('./gate/run.ts') },
  'gate show': { summary: 'print the report of a run', load: () => import('./gate/show.ts') },
  'gate sign': { summary: 'countersign the report of a run', load: () => import('./gate/sign.ts') },
  'gate statement': {
    summary: 'say it in words of other tools: test result, VSA',
    load: () => import('./gate/statement.ts'),
  },
  'gate status': { summary: 'list runs, and what each still needs', load: () => import('./gate/status.ts') },
  'gate verify': { summary: 'verify a signed report, offline', load: () => import('./gate/verify.ts') },
  'gate withdraw': {
    summary: 'take an approval back, or the whole GO',
    load: () => import('./gate/withdraw.ts'),
  },
  'keys list': { summary: 'list people, roles and keys that may sign', load: () => import('./keys/list.ts') },
  'keys new': { summary: 'make a key for a person', load: () => import('./keys/new.ts') },
  'keys sign-signers': {
    summary: 'sign a signers file as one of the people before',
    load: () => import('./keys/sign-signers.ts'),
  },
  'keys verify-signers': {
    summary: 'check who signed a signers file',
    load: () => import('./keys/verify-signers.ts'),
  },
  'latency export': {
    summary: 'write a k6 script for Kubernetes',
    load: () => import('./latency/export.ts'),
  },
  'latency run': { summary: 'put a load of k6 on an environment', load: () => import('./latency/run.ts') },
  'smoke run': {
    summary: 'run the Playwright tests against an environment',
    load: () => import('./smoke/run.ts'),
  },
  stack: { summary: 'start, stop or show the local stack', load: () => import('./stack.ts') },
  'synthetics deploy': {
    summary: 'make a monitoring service hold the checks of a file',
    load: () => import('./synthetics/deploy.ts'),
  },
  'synthetics export': {
    summary: 'write checks as another monitor has them',
    load: () => import('./synthetics/export.ts'),
  },
  'synthetics import': {
    summary: "read checks from another monitor's configuration",
    load: () => import('./synthetics/import.ts'),
  },
  'synthetics lint': {
    summary: 'check files of synthetic checks without probing anything',
    load: () => import('./synthetics/lint.ts'),
  },
  'synthetics list': {
    summary: 'list synthetic checks, and when each is due',
    load: () => import('./synthetics/list.ts'),
  },
  'synthetics run': {
    summary: 'probe every synthetic check once',
    load: () => import('./synthetics/run.ts'),
  },
  'synthetics schema': {
    summary: 'print the JSON Schema of files of synthetic checks',
    load: () => import('./synthetics/schema.ts'),
  },
  'waivers approve': {
    summary: 'approve a waiver that somebody else asked for',
    load: () => import('./waivers/approve.ts'),
  },
  'waivers lint': { summary: 'find waivers that should not be', load: () => import('./waivers/lint.ts') },
  'waivers list': { summary: 'list waivers, and which count', load: () => import('./waivers/list.ts') },
  'waivers request': {
    summary: 'ask that an item may fail until a moment',
    load: () => import('./waivers/request.ts'),
  },
};

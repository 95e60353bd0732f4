export { declareMonoFlags } from './flags.ts';
export { createMono, createSyncDeps, type Mono, type MonoDeps } from './plugin.ts';
export { signBody } from './signature.ts';
export { createTokenProvider, envSecret, fileSecret } from './token-provider.ts';
export type { TokenProvider } from './types.ts';
export { translateMonoError } from './upstream-errors.ts';

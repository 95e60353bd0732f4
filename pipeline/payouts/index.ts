export { providers } from './payouts.ts';
export { createPayouts, createPayoutsWorker, type Payouts } from './plugin.ts';
export { roleOfUser } from './users.ts';
export { declarePayoutFlags } from './worker/flags.ts';

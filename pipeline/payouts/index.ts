export { createPayouts, type Payouts } from './plugin.ts';
export { roleOfUser } from './users.ts';

export { translateEconomyError } from './errors.ts';
export { declareEconomyFlags } from './flags.ts';
export { createEconomy, type Economy } from './plugin.ts';

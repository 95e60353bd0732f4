import type { Guard } from '#scripts/guard.ts';
import { gateGuards } from '#scripts/guards-gate.ts';
import { signGuards } from '#scripts/guards-sign.ts';

const number = ({ threat }: Guard): number => Number(threat.slice(1));

/** At least one for each threat, in their order. */
export const guards: readonly Guard[] = [...signGuards, ...gateGuards].sort((a, b) => number(a) - number(b));

import { describe, expect, it } from 'vitest';
import { loadConfig } from '#pipeline/config.ts';
import { signHex } from '#pipeline/testing/payout-webhooks.ts';
import { testEnv } from '#pipeline/testing/service.ts';
import { createVerifiers } from './verifier.ts';

const body = Buffer.from('{"id":"1","status":"PAID"}');
const verifiersOf = (env: NodeJS.ProcessEnv) =>
  createVerifiers(loadConfig({ ...testEnv('postgres://localhost/none'), ...env }).values);

describe('verifiers of callbacks', () => {
  it('without a secret believe nothing', () => {
    const { MOMO } = verifiersOf({});
    expect(MOMO.verify(signHex(body.toString(), ''), body)).toBe('WEBHOOK_SECRET_NOT_CONFIGURED');
  });

  it('a previous secret alone is none', () => {
    const { MOMO } = verifiersOf({ MOMO_WEBHOOK_SECRET_PREVIOUS: 'old' });
    expect(MOMO.verify(signHex(body.toString(), 'old'), body)).toBe('WEBHOOK_SECRET_NOT_CONFIGURED');
  });

  it('of Thunes takes what is not signed where that is allowed, but nothing that is signed wrongly', () => {
    const secrets = { THUNES_WEBHOOK_SECRET: 'thunes', TMONEY_WEBHOOK_SECRET: 'tmoney' };
    const { THUNES, TMONEY } = verifiersOf({ ...secrets, THUNES_ALLOW_UNSIGNED_WEBHOOKS: 'true' });
    expect(THUNES.verify(undefined, body)).toBe('unsigned');
    expect(THUNES.verify('sha256=00', body)).toBe('INVALID_SIGNATURE');
    expect(THUNES.verify(signHex(body.toString(), 'thunes'), body)).toBe('valid');
    expect(TMONEY.verify(undefined, body)).toBe('MISSING_SIGNATURE');
    expect(verifiersOf(secrets).THUNES.verify(undefined, body)).toBe('MISSING_SIGNATURE');
  });

  it('in production nobody may leave the signature out', () => {
    expect(() => verifiersOf({ ENV: 'prod', THUNES_ALLOW_UNSIGNED_WEBHOOKS: 'true' })).toThrow(
      /THUNES_ALLOW_UNSIGNED_WEBHOOKS is not for ENV=prod/,
    );
  });
});

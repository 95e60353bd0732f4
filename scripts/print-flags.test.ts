import { describe, expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';

const script = 'scripts/print-flags.ts';

describe('D7: print-flags', () => {
  it('prints what the code says, whatever the environment says', async () => {
    const { code, stdout } = await runScript(script, [], { PURCHASE_ENFORCEMENT_ENABLED: 'true' });
    expect(code).toBe(0);
    const { flags, defaults } = JSON.parse(stdout);
    expect(defaults).toEqual({
      MONO_TRANSACTIONS_ENABLED: false,
      MONO_BACKOFF_FACTOR: 1,
      MODERATION_OBSERVABILITY_ENABLED: false,
      PURCHASE_ENFORCEMENT_ENABLED: false,
      MODERATION_ENFORCEMENT_WS: false,
      MODERATION_CACHE_ENABLED: true,
      ...Object.fromEntries(
        ['TMONEY', 'FLOOZ', 'MOMO', 'THUNES'].flatMap((provider) => [
          [`PAYOUTS_${provider}_ENABLED`, true],
          [`PAYOUTS_${provider}_PAUSED`, false],
          [`PAYOUTS_${provider}_BACKOFF_FACTOR`, 1],
        ]),
      ),
    });
    expect(flags).toContainEqual({
      name: 'PURCHASE_ENFORCEMENT_ENABLED',
      domain: 'economy',
      default: false,
      description: expect.stringContaining('purchases'),
    });
    expect(flags).toHaveLength(Object.keys(defaults).length);
  });

  it('explains itself, and refuses what it does not know', async () => {
    expect(await runScript(script, ['--help'], {})).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: /),
    });
    const wrong = await runScript(script, ['--all'], {});
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^print-flags: .*--all/);
    expect(wrong.stderr).not.toContain('    at ');
  });
});

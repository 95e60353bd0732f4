import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/context.ts';
import { interpolate } from './interpolate.ts';

const context = () =>
  testContext({
    secrets: { TOKEN: 'top-secret' },
    environment: { vars: { 'BASE.URL': 'https://a.test' } },
    needs: { smoke: { summary: { ids: [7, 8], 'a.b': 1 }, open: true, none: null } },
  });

describe('interpolate', () => {
  it.each([
    ['Bearer ${secret.TOKEN}', 'Bearer top-secret'],
    ['${vars.BASE.URL}/x', 'https://a.test/x'],
    ['${run.id}-${run.id}', 'test-run-test-run'],
    ['${needs.smoke.summary.ids.1}', '8'],
    ['${ needs.smoke.open }', 'true'],
    ['$${run.id} costs $5 {x}', '${run.id} costs $5 {x}'],
    ['plain', 'plain'],
  ])('fills %j', async (text, filled) => {
    expect(await interpolate(text, context())).toBe(filled);
  });

  it('fills every string in a structure and leaves keys and other values alone', async () => {
    const value = { '${run.id}': ['${run.id}', 1, null, { deep: '${run.id}' }], flag: true };
    expect(await interpolate(value, context())).toEqual({
      '${run.id}': ['test-run', 1, null, { deep: 'test-run' }],
      flag: true,
    });
  });

  it('does not fill what a value brings along', async () => {
    const sly = testContext({ environment: { vars: { A: '${secret.TOKEN}' } }, secrets: { TOKEN: 'x' } });
    expect(await interpolate('${vars.A}', sly)).toBe('${secret.TOKEN}');
  });

  it.each([
    '${nope}',
    '${}',
    '${vars.NOPE}',
    '${vars.toString.name}',
    '${needs.other.fact}',
    '${needs.smoke}',
    '${needs.smoke.summary}',
    '${needs.smoke.none}',
    '${needs.smoke.constructor.name}',
    '${needs.toString.name}',
  ])('refuses %s and says why', async (text) => {
    await expect(interpolate(text, context())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('cannot be filled'),
    });
  });
});

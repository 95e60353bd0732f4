import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { continueTrace, currentTraceparent, inSpan, traceFields } from './trace.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const good = `00-${traceId}-00f067aa0ba902b7-01`;

describe('a traceparent', () => {
  it('is continued: the same trace, a span of our own, and whether it is sampled', () => {
    const span = continueTrace(good);
    expect(span).toMatchObject({ traceId, flags: '01' });
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(span.spanId).not.toBe('00f067aa0ba902b7');
    expect(continueTrace(good.replace(/01$/, 'fe'))).toMatchObject({ traceId, flags: '00' });
    expect(continueTrace(`01${good.slice(2)}-more`)).toMatchObject({ traceId });
  });

  it.each([
    ['nothing', undefined],
    ['two headers', [good, good]],
    ['upper case', good.toUpperCase()],
    ['version ff', `ff${good.slice(2)}`],
    ['no trace id', good.replace(traceId, '0'.repeat(32))],
    ['no parent id', good.replace('00f067aa0ba902b7', '0'.repeat(16))],
    ['one digit less', good.slice(0, -1)],
    ['more than version 00 has', `${good}-more`],
    ['a line break', `${good}\n`],
  ])('with %s begins a new trace', (_what, header) => {
    const span = continueTrace(header);
    expect(span.traceId).not.toBe(traceId);
    expect(span.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
  });

  it('never makes anything but a well-formed one, whatever comes in', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.anything()), (header) => {
        const out = inSpan(continueTrace(header), currentTraceparent);
        expect(out).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
      }),
    );
  });
});

it('says nothing outside of a span', () => {
  expect([currentTraceparent(), traceFields()]).toEqual([undefined, {}]);
});

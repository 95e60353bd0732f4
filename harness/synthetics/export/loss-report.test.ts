import { expect, it } from 'vitest';
import { lossReport } from './loss-report.ts';

it('tells each loss on a line of its own, whatever the text holds', () => {
  const losses = [
    { check: 'a', field: 'send', said: 'PING\r\n\u001b[2J', became: 'PING\n', why: 'one line only' },
    { check: 'a', field: 'body', said: 'x\u202ey', why: 'no body' },
  ];
  expect(lossReport(losses, 'gatus')).toBe(
    [
      'gatus: 2 losses',
      'a',
      String.raw`  send: PING\u000d\u000a\u001b[2J became PING\u000a`,
      '    one line only',
      String.raw`  body: x\u202ey is left out`,
      '    no body',
      '',
    ].join('\n'),
  );
});

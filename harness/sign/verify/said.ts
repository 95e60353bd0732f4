import type { Saying, SayingType } from '../said/schema.ts';
import { type Examined, type Finding, fail, pass } from './finding.ts';

/** Everything that people said besides yes. Whoever reads only these lines must learn who stopped what, and why. */
export function checkSaid({ options }: Examined, said: readonly Saying[]): Finding[] {
  const lines = said.flatMap((one) =>
    one.type === 'approval' ? [] : [judgeOne(one, options.forDeploy === true)],
  );
  return lines.length > 0
    ? lines
    : [pass('statements', 'nobody rejected it, took anything back, revoked a key or commented')];
}

function judgeOne(one: Saying<Exclude<SayingType, 'approval'>>, forDeploy: boolean): Finding {
  const who = `${one.name} (${one.person}), ${one.at}`;
  switch (one.type) {
    case 'rejection':
      return fail('statements', `rejected by ${who}: ${one.reason}`, 'not-deployable');
    case 'withdrawal': {
      if (one.of === 'approval')
        return pass('statements', `approval taken back by ${who}: ${one.reason}; it no longer counts`);
      const text = `the GO was withdrawn by ${who}: ${one.reason}`;
      return forDeploy
        ? fail('statements', text, 'not-deployable')
        : pass('statements', `${text}; judged as of the signing time`);
    }
    case 'revocation':
      return pass(
        'statements',
        `key ${one.revoked_key} revoked as of ${one.revoked_at} by ${who}: ${one.reason}; what it signed since then does not count`,
      );
    case 'comment':
      return pass('statements', `comment by ${who}: ${one.text}`);
  }
}

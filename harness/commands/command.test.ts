import { describe, expect, it } from 'vitest';
import { type Command, parseArguments } from './command.ts';

const command: Command = {
  usage: '',
  flags: {
    env: { type: 'string', summary: '' },
    subject: { type: 'string', multiple: true, summary: '' },
    json: { type: 'boolean', summary: '' },
  },
  run: async () => 0,
};
const parse = (...argv: string[]) => parseArguments('gate run', command, argv);

describe('arguments', () => {
  it('refuses a flag with an empty value: an unset variable must not mean that nothing was asked', () => {
    for (const argv of [['--env', ''], ['--env='], ['--subject', 'a', '--subject', '']]) {
      expect(() => parse(...argv)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
    expect(parse('--env', 'local', '--json', 'gate')).toEqual({
      flags: { env: 'local', json: true },
      positionals: ['gate'],
    });
  });
});

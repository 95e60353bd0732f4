import { jsonSchema } from '../../synthetics/schema.ts';
import { type Command, positionals } from '../command.ts';

export const command: Command = {
  usage: '',
  about: `
Prints the JSON Schema of files of synthetic checks, for editors and other programs.

example: countersign synthetics schema > synthetics.schema.json`,
  flags: {},
  async run(args, io) {
    positionals(args, []);
    io.stdout.write(jsonSchema());
    return 0;
  },
};

import { openProject } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { attestItem } from '../../gate/amend.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, jsonFlag, positionals, stringFlag } from '../command.ts';
import { decisionText } from '../paint.ts';
import { openRun, trustedSigners } from './open-run.ts';
import { personFlags, speaker } from './sign.ts';
import { tell } from './tell.ts';

export const command: Command = {
  usage: 'RUN ITEM --as PERSON [--reject] [--comment TEXT] [--json]',
  about: `
Answers an item that waits for a person, with a signed statement bound to the evidence that it speaks of.

example: countersign gate attest latest vault --as grace --comment "checked in the vault"`,
  flags: {
    ...personFlags,
    reject: { type: 'boolean', summary: 'the answer is no: the gate reads NO_GO' },
    comment: { type: 'string', value: 'TEXT', summary: 'kept in the report' },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name, item] = positionals(args, ['RUN', 'ITEM']);
    const project = await openProject(io.cwd);
    const run = await openRun(io, name, project);
    const { person: id, signer } = await speaker(args, io, project.state);
    const { parsed } = await trustedSigners(io, run.statement, undefined);
    const person = parsed.people.find((one) => one.id === id);
    if (!person?.keys.some((key) => key.id === signer.keyid)) {
      throw new CountersignError('KEY_UNKNOWN', `the key is not one of \`${id}\` in the signers file`);
    }
    const verdict = booleanFlag(args, 'reject') ? 'rejected' : 'confirmed';
    const comment = stringFlag(args, 'comment');
    const { predicate } = await attestItem({
      folder: run.folder,
      item,
      person,
      signers: parsed,
      signer,
      verdict,
      comment,
      clock: systemClock,
    });
    if (verdict === 'rejected') {
      const rejected = { by: person.name, item, ...(comment === undefined ? {} : { reason: comment }) };
      await tell(io, project, { ...run.statement, predicate }, { event: 'rejected', missing: [], rejected });
    }
    if (booleanFlag(args, 'json')) {
      io.stdout.write(
        `${JSON.stringify({ item, verdict, decision: predicate.decision, reasons: predicate.reasons }, null, 2)}\n`,
      );
    } else {
      io.stdout.write(
        `${item} ${verdict} by ${person.name}\n${decisionText(io.stdout, predicate.decision)}\n`,
      );
    }
    return 0;
  },
};

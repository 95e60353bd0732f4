import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { Options } from '../define.ts';
import { isObject, pointTo } from '../json.ts';

const Pointer = Type.String({ pattern: '^(/.*)?$' });

export const FieldsSchema = Options({
  name: Type.Optional({ ...Pointer, description: 'within a flag; default /name' }),
  declared: Type.Optional({ ...Pointer, description: 'within a flag; default /declared' }),
  running: Type.Optional({ ...Pointer, description: 'within a flag; default /running' }),
  instance: Type.Optional({
    ...Pointer,
    description: "within the document: the instance's own name; default the source's",
  }),
});

type Scalar = string | number | boolean;

export interface FlagState {
  instance: string;
  declared: Scalar;
  running: Scalar;
}

interface Wanted {
  name: string;
  pointer?: string;
  fields?: Static<typeof FieldsSchema>;
  declared?: Scalar;
  /** Of the source that was asked. */
  instance: string;
}

/** One flag in a document that lists flags, or maps a flag's name to it. */
export function findFlag(document: unknown, wanted: Wanted): FlagState {
  const { name, pointer = '', fields = {} } = wanted;
  const flags = pointTo(document, pointer);
  const flag = entryOf(flags, wanted);
  if (flag === undefined) throw answer(wanted, `there is no flag \`${name}\` at \`${pointer}\``);
  const running = isObject(flag) ? pointTo(flag, fields.running ?? '/running') : flag;
  if (!isScalar(running)) throw answer(wanted, `the flag \`${name}\` has no running value`);
  const declared = wanted.declared ?? pointTo(flag, fields.declared ?? '/declared');
  if (!isScalar(declared)) {
    throw answer(wanted, `nothing declares the value of the flag \`${name}\``, {
      hint: '`fields.declared` leads to it, or `declared` states it',
    });
  }
  return { instance: instanceOf(document, wanted), declared, running };
}

function entryOf(flags: unknown, { name, fields }: Wanted): unknown {
  if (!Array.isArray(flags)) return isObject(flags) && Object.hasOwn(flags, name) ? flags[name] : undefined;
  const found = flags.filter((flag) => pointTo(flag, fields?.name ?? '/name') === name);
  return found.length === 1 ? found[0] : undefined;
}

function instanceOf(document: unknown, { fields, instance }: Wanted): string {
  if (fields?.instance === undefined) return instance;
  const own = pointTo(document, fields.instance);
  return typeof own === 'string' && own !== '' ? own : instance;
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function answer({ instance }: Wanted, message: string, details = {}): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `source \`${instance}\`: ${message}`, details);
}

import { Options } from '../../checks/define.ts';
import { STATEMENT_TYPE } from '../../report/schema.ts';
import { type Static, type TSchema, Type } from '../../type.ts';

const Words = Type.String({ minLength: 1, maxLength: 4_000, pattern: '\\S' });
const Time = Type.String({ format: 'date-time' });
/** Hash of the journal line before: what was said can't be moved, nor what came before it be taken away. */
const After = Type.String({ pattern: '^[0-9a-f]{64}$' });

const who = {
  schema: Type.Literal(1),
  run: Type.String(),
  person: Type.String(),
  key: Type.String(),
  at: Time,
};

/** One predicate a type of journal line. The first approvals had no `after`; they verify for ever. */
const predicates = {
  approval: Options({ ...who, after: Type.Optional(After) }),
  comment: Options({ ...who, after: After, text: Words }),
  rejection: Options({ ...who, after: After, reason: Words }),
  revocation: Options({
    ...who,
    after: After,
    revoked_key: Type.String(),
    /** Signatures that the key made at this moment or later count no more. */
    revoked_at: Time,
    reason: Words,
  }),
  withdrawal: Options({
    ...who,
    after: After,
    of: Type.Union([Type.Literal('approval'), Type.Literal('go')]),
    reason: Words,
  }),
};

export type SayingType = keyof typeof predicates;
type PredicateOf<T extends SayingType> = Static<(typeof predicates)[T]>;
export const sayingTypes = Object.keys(predicates) as SayingType[];

export function isSayingType(type: string): type is SayingType {
  return Object.hasOwn(predicates, type);
}

/** What somebody wants to say: the words alone. Who, when and about what is added when it is signed. */
export type Words = {
  [T in SayingType]: { type: T } & Omit<PredicateOf<T>, keyof typeof who | 'after'>;
}[SayingType];

/** A signed statement of one person about a report, as its line of the journal holds it. */
export type Saying<T extends SayingType = SayingType> = {
  [K in T]: {
    type: K;
    /** Of the journal, from 1. */
    line: number;
    /** The person's name in the signers file. */
    name: string;
    /** Was it said before the last item was answered, about the report as it was then? */
    earlier: boolean;
  } & PredicateOf<K>;
}[T];

export function predicateType(type: SayingType): string {
  const name = type === 'approval' ? 'approval' : `report-${type}`;
  return `https://countersign.dev/attestations/${name}/v1`;
}

export const schemas = Object.fromEntries(
  sayingTypes.map((type) => [
    type,
    Options({
      _type: Type.Literal(STATEMENT_TYPE),
      subject: Type.Array(
        Options({ name: Type.Literal('report.json'), digest: Options({ sha256: Type.String() }) }),
        { minItems: 1, maxItems: 1 },
      ),
      predicateType: Type.Literal(predicateType(type)),
      predicate: predicates[type],
    }),
  ]),
) as unknown as Readonly<Record<SayingType, TSchema>>;

/** Shape of an opened statement, whatever its type. */
export interface OpenedSaying {
  subject: { digest: { sha256: string } }[];
  predicate: PredicateOf<SayingType>;
}

import { Options } from '../checks/define.ts';
import { type Static, Type } from '../type.ts';

/** `checklists/signers.yml`: who may sign what. Keys, people and roles come from here, never from a payload. */
export const KeySchema = Options({
  id: Type.String({
    pattern: '^SHA256:[A-Za-z0-9+/]{43}$',
    description: 'SSH SHA-256 fingerprint: `ssh-keygen -lf`',
  }),
  public: Type.String({ description: 'PEM, SPKI: P-256 or Ed25519' }),
  not_before: Type.Optional(Type.String({ format: 'date-time' })),
  not_after: Type.Optional(Type.String({ format: 'date-time' })),
  /** Signatures made at or after this moment count no more. */
  revoked_at: Type.Optional(Type.String({ format: 'date-time' })),
});

export const PersonSchema = Options({
  id: Type.String({ pattern: '^[a-z][a-z0-9._-]*$' }),
  name: Type.String(),
  emails: Type.Optional(
    Type.Array(Type.String(), { description: 'git identities, to keep authors from approving' }),
  ),
  roles: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), { minItems: 1 }),
  keys: Type.Array(KeySchema, { minItems: 1 }),
});

export const SignersSchema = Options({
  rehearsal: Type.Optional(
    Type.Boolean({ description: 'keys made for a rehearsal; they never make a plain GO' }),
  ),
  threshold: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 64,
      description: 'people of this file who must sign the next one; the file itself must be signed, too',
    }),
  ),
  previous: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'SHA-256 of the signers file before this one; absent in the first',
    }),
  ),
  people: Type.Array(PersonSchema, { minItems: 1 }),
});

export type Signers = Static<typeof SignersSchema>;
export type Person = Static<typeof PersonSchema>;
export type SignerKey = Static<typeof KeySchema>;

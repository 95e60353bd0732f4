import { type Static, type TSchema, Type } from 'typebox';

const Frame = Type.Object({
  success: Type.Literal(true),
  action: Type.String(),
  api_version: Type.Literal('v1'),
  timestamp: Type.String({ format: 'date-time' }),
  meta: Type.Record(Type.String(), Type.Unknown()),
});

/** The version 1 answer that integrators know. */
export type Envelope<T> = Static<typeof Frame> & { data: T };

export function envelope<T>(action: string, data: T, meta: Record<string, unknown> = {}): Envelope<T> {
  return { success: true, action, api_version: 'v1', timestamp: new Date().toISOString(), data, meta };
}

/** Its schema around that of the data, with what stands beside them. */
export function EnvelopeOf<T extends TSchema>(data: T, beside: Record<string, TSchema> = {}) {
  return Type.Object({ ...Frame.properties, data, ...beside });
}

import { Options } from '../checks/define.ts';
import { schemaErrors } from '../config/validate.ts';
import { CountersignError } from '../errors.ts';
import { type Static, Type } from '../type.ts';
import { decodeBase64 } from './dsse.ts';

/** A log or an authority of one's own adds a handful at most. */
const most = 8;
const Bytes = Type.String({ maxLength: 1024 * 1024 });
/** Zero is left out, as empty lists are, everywhere in JSON that is written from protobuf. */
const Count = Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,18}$' }));

const LogEntrySchema = Options({
  logIndex: Count,
  logId: Options({ keyId: Bytes }),
  kindVersion: Options({ kind: Type.Literal('dsse'), version: Type.String({ pattern: '^[0-9.]{1,16}$' }) }),
  integratedTime: Count,
  inclusionPromise: Type.Optional(Options({ signedEntryTimestamp: Bytes })),
  inclusionProof: Type.Optional(
    Options({
      logIndex: Count,
      rootHash: Bytes,
      treeSize: Count,
      hashes: Type.Optional(Type.Array(Bytes, { minItems: 1, maxItems: 64 })),
      checkpoint: Options({ envelope: Type.String({ maxLength: 64 * 1024 }) }),
    }),
  ),
  canonicalizedBody: Bytes,
});

/** What others know of a signature, as a Sigstore bundle has it: entries of a log, and RFC 3161 time stamps. */
const WitnessedSchema = Options({
  tlogEntries: Type.Optional(Type.Array(LogEntrySchema, { minItems: 1, maxItems: most })),
  timestampVerificationData: Type.Optional(
    Options({
      rfc3161Timestamps: Type.Array(Options({ signedTimestamp: Bytes }), { minItems: 1, maxItems: most }),
    }),
  ),
});

export type Witnessed = Static<typeof WitnessedSchema>;
type LogEntry = Static<typeof LogEntrySchema>;

/** Of exactly the documented shape, in the one order in which it is written, or REPORT_INVALID. */
export function readWitnessed(document: unknown, what: string): Witnessed {
  const [first] = schemaErrors(WitnessedSchema, document);
  if (first)
    throw new CountersignError('REPORT_INVALID', `${what}: ${first.path.join('.')} ${first.message}`);
  const { tlogEntries, timestampVerificationData } = document as Witnessed;
  const stamps = timestampVerificationData?.rfc3161Timestamps;
  for (const { signedTimestamp } of stamps ?? []) decodeBase64(signedTimestamp, what);
  return given({
    tlogEntries: tlogEntries?.map((entry) => inOrder(entry, what)),
    timestampVerificationData: stamps && { rfc3161Timestamps: stamps },
  });
}

function inOrder(entry: LogEntry, what: string): LogEntry {
  const { logIndex, logId, kindVersion, integratedTime, inclusionPromise, canonicalizedBody } = entry;
  const { inclusionProof: proof } = entry;
  const promise = inclusionPromise ? [inclusionPromise.signedEntryTimestamp] : [];
  const bytes = [
    logId.keyId,
    canonicalizedBody,
    ...promise,
    ...(proof ? [proof.rootHash, ...(proof.hashes ?? [])] : []),
  ];
  for (const text of bytes) decodeBase64(text, what);
  return given({
    logIndex,
    logId,
    kindVersion: { kind: kindVersion.kind, version: kindVersion.version },
    integratedTime,
    inclusionPromise,
    inclusionProof:
      proof &&
      given({
        logIndex: proof.logIndex,
        rootHash: proof.rootHash,
        treeSize: proof.treeSize,
        hashes: proof.hashes,
        checkpoint: proof.checkpoint,
      }),
    canonicalizedBody,
  });
}

/** The same fields in the same order, without those that are not there. */
function given<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

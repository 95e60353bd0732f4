import { CountersignError, messageOf } from '../errors.ts';
import type { EnvelopeSignature } from './dsse.ts';
import { optional } from './optional.ts';
import { readWitnessed, type Witnessed } from './witnessed.ts';

/** Whom to ask; both are other parties' servers. */
export interface WitnessServers {
  /** A transparency log that speaks Rekor's API v1. It sees the whole report. */
  tlog?: string | undefined;
  /** A time-stamp authority that speaks Sigstore's API. It sees a digest of the signature only. */
  tsa?: string | undefined;
}

export interface ToWitness {
  payloadType: string;
  payload: Uint8Array;
  signature: EnvelopeSignature;
  /** SPKI in PEM. */
  publicPem: string;
}

/** Gives a signature the times that others know of it. */
export type Witness = (signed: ToWitness) => Promise<Witnessed>;

const answerMs = 20_000;

/** Undefined where nobody is to be asked. Throws USAGE for a place that would be asked in the clear. */
export function witnessOf({ tlog, tsa }: WitnessServers): Witness | undefined {
  if (tlog === undefined && tsa === undefined) return undefined;
  for (const url of [tlog, tsa]) if (url !== undefined) refuseOpenly(url);
  return (signed) => askAll(signed, { tlog, tsa });
}

function refuseOpenly(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const isFit = url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere);
  if (isFit && url.username === '' && url.password === '') return;
  throw new CountersignError(
    'USAGE',
    'the address of a log or a time-stamp authority is no https URL without a user',
  );
}

async function askAll(signed: ToWitness, { tlog, tsa }: WitnessServers): Promise<Witnessed> {
  const { RekorWitness, TSAWitness } = await optional(() => import('@sigstore/sign'));
  const { toDSSEBundle, bundleToJSON } = await optional(() => import('@sigstore/bundle'));
  const { payload, payloadType, signature, publicPem } = signed;
  const bundle = toDSSEBundle({
    artifact: Buffer.from(payload),
    artifactType: payloadType,
    signature: Buffer.from(signature.sig, 'base64'),
    keyHint: signature.keyid,
  });
  const settings = { retry: 1, timeout: answerMs };
  const material = bundle.verificationMaterial;
  if (tsa !== undefined) {
    const witness = new TSAWitness({ tsaBaseURL: tsa, ...settings });
    const rfc3161 = await asked('the time-stamp authority', () => witness.testify(bundle.content));
    material.timestampVerificationData = rfc3161;
  }
  if (tlog !== undefined) {
    const witness = new RekorWitness({ rekorBaseURL: tlog, ...settings });
    const { tlogEntries } = await asked('the log', () => witness.testify(bundle.content, publicPem));
    material.tlogEntries = tlogEntries;
  }
  const { tlogEntries, timestampVerificationData } = bundleToJSON(bundle).verificationMaterial;
  const given = {
    ...(tlog === undefined ? {} : { tlogEntries }),
    ...(tsa === undefined ? {} : { timestampVerificationData }),
  };
  return readWitnessed(
    JSON.parse(JSON.stringify(given)),
    'the answer of the log or the time-stamp authority',
  );
}

async function asked<T>(who: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new CountersignError('SOURCE_UNREACHABLE', `${who} gave no answer to use: ${messageOf(cause)}`, {
      hint: 'nothing was signed; ask again, or sign without it',
    });
  }
}

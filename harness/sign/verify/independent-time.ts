import { createPublicKey } from 'node:crypto';
import { CountersignError, messageOf } from '../../errors.ts';
import { bundleFile, readRunFile } from '../folder.ts';
import { optional } from '../optional.ts';
import { parseStrictJson } from '../strict-json.ts';
import { type TrustedKey, whyNotKey } from '../trust.ts';
import { type Examined, type Finding, fail, pass, skip } from './finding.ts';
import type { Signed, SigningTime } from './people.ts';

const CHECK = 'time';
/** How far a signer's own clock may be from the time that somebody else saw. */
export const mostSkewMs = 5 * 60_000;
const maxRootBytes = 4 * 1024 * 1024;

/** A time that another party gave, and who it was. */
interface Seen {
  at: Date;
  by: 'time stamp' | 'log entry';
}

/** Signers say themselves when they signed; a log or a time-stamp authority says when it saw the signature. */
export async function checkIndependentTime(
  { options, keys }: Examined,
  { signatures }: Signed,
  times: readonly SigningTime[],
): Promise<Finding[]> {
  const isSeen = ({ witnessed }: Signed['signatures'][number]) => Object.keys(witnessed ?? {}).length > 0;
  const names = (of: Signed['signatures']) => of.map(({ person }) => person).join(', ');
  const [seen, alone] = [signatures.filter(isSeen), signatures.filter((one) => !isSeen(one))];
  const { folder, trustedRoot } = options;
  const own = `no independent time, only their own clock: ${names(alone)}`;
  if (trustedRoot === undefined) {
    const text = `independent times are there and not checked, give --trusted-root: ${names(seen)}`;
    return [...(alone.length > 0 ? [skip(CHECK, own)] : []), ...(seen.length > 0 ? [skip(CHECK, text)] : [])];
  }
  // Who asks for times and gets none can't tell: whoever stole a key would simply go without.
  const findings = alone.length > 0 ? [fail(CHECK, own, 'unknown')] : [];
  for (const { keyid } of seen) {
    const trusted = keys.get(keyid);
    const claimed = times.find(({ key }) => key === keyid)?.at;
    if (trusted) findings.push(await checkOne(folder, trustedRoot, trusted, claimed));
  }
  return findings;
}

async function checkOne(
  folder: string,
  root: Uint8Array,
  trusted: TrustedKey,
  claimed: string | undefined,
): Promise<Finding> {
  const { id } = trusted.person;
  let seen: Seen[];
  try {
    seen = await seenTimes(await readRunFile(folder, bundleFile(id)), root, trusted);
  } catch (thrown) {
    if (thrown instanceof CountersignError && thrown.code === 'TOOL_MISSING')
      return fail(CHECK, `${id}: ${thrown.message}: ${thrown.hint}`, 'unknown');
    return fail(CHECK, `${id}: the log entry or time stamp does not hold: ${messageOf(thrown)}`);
  }
  if (seen.length === 0) return fail(CHECK, `${id}: nothing in it gives a time`);
  for (const { at, by } of seen) {
    const instant = at.toISOString();
    const off = claimed === undefined ? undefined : Math.abs(Date.parse(claimed) - at.getTime());
    if (off !== undefined && !(off <= mostSkewMs))
      return fail(CHECK, `${id} says ${claimed}, but the ${by} says ${instant}: more than 5 minutes apart`);
    const reason = whyNotKey(trusted.key, { from: instant, to: instant });
    if (reason) return fail(CHECK, `${id}: at the time of the ${by}, ${instant}, ${reason}`);
  }
  const said = seen.map(({ at, by }) => `${by} ${at.toISOString()}`).join(', ');
  return pass(CHECK, `${id}: independent time by ${said}`);
}

/** Throws where an entry or a time stamp is not of a party in the trusted root, or not of this signature. */
async function seenTimes(
  bundleBytes: Uint8Array,
  root: Uint8Array,
  { publicKey }: TrustedKey,
): Promise<Seen[]> {
  const { bundleFromJSON } = await optional(() => import('@sigstore/bundle'));
  const { TrustedRoot } = await optional(() => import('@sigstore/protobuf-specs'));
  const { toSignedEntity, toTrustMaterial, Verifier } = await optional(() => import('@sigstore/verify'));
  const bundle = bundleFromJSON(JSON.parse(Buffer.from(bundleBytes).toString()));
  const entity = toSignedEntity(bundle);
  const parsed = parseStrictJson(root, { what: 'the trusted root', maxBytes: maxRootBytes });
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }));
  const material = toTrustMaterial(TrustedRoot.fromJSON(parsed), () => ({
    publicKey: key,
    validFor: () => true,
  }));
  const tlogThreshold = entity.tlogEntries.length;
  new Verifier(material, { tlogThreshold, ctlogThreshold: 0, timestampThreshold: 1 }).verify(entity);
  return entity.timestamps.flatMap((stamp): Seen[] => {
    if (stamp.$case === 'timestamp-authority') return [{ at: stamp.timestamp.signingTime, by: 'time stamp' }];
    // Only the promise of the log signs its time.
    if (!stamp.tlogEntry.inclusionPromise) return [];
    return [{ at: new Date(Number(stamp.tlogEntry.integratedTime) * 1_000), by: 'log entry' }];
  });
}

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface MadeCertificate {
  /** PEM; with the issuer's behind it, unless that signed itself. */
  cert: string;
  key: string;
}

export interface Authority extends MadeCertificate {
  issue(wanted: { names: readonly string[]; from?: Date; until: Date }): MadeCertificate;
}

/** A certificate authority that exists in this process only, whose certificates run as long as a test needs. */
export function makeAuthority(until: Date): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = {
    name: `Countersign test authority ${randomBytes(4).toString('hex')}`,
    key: own.privateKey,
  };
  const cert = certificate(
    { name: issuer.name, key: own.publicKey, names: [], from: yesterday(), until },
    issuer,
  );
  return {
    cert,
    key: pemOf(own.privateKey),
    issue({ names, from = yesterday(), until: end }) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const wanted = { name: names[0] ?? '', key: pair.publicKey, names, from, until: end };
      return { cert: certificate(wanted, issuer), key: pemOf(pair.privateKey) };
    },
  };
}

interface Wanted {
  name: string;
  key: KeyObject;
  /** DNS names and addresses; none makes it an authority. */
  names: readonly string[];
  from: Date;
  until: Date;
}

const yesterday = () => new Date(Date.now() - 86_400_000);
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const oid = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  basicConstraints: '0603551d13',
  alternativeNames: '0603551d11',
};

function certificate(wanted: Wanted, issuer: { name: string; key: KeyObject }): string {
  const algorithm = der(0x30, hex(oid.ecdsaWithSha256));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    nameOf(issuer.name),
    der(0x30, time(wanted.from), time(wanted.until)),
    nameOf(wanted.name),
    wanted.key.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension(wanted.names))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, issuer.key));
  const bytes = der(0x30, body, algorithm, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${bytes.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(names: readonly string[]): Buffer {
  if (names.length === 0) {
    const authority = der(0x30, der(0x01, Buffer.from([0xff])));
    return der(0x30, hex(oid.basicConstraints), der(0x01, Buffer.from([0xff])), der(0x04, authority));
  }
  const listed = names.map((name) =>
    isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return der(0x30, hex(oid.alternativeNames), der(0x04, der(0x30, ...listed)));
}

const nameOf = (name: string) =>
  der(0x30, der(0x31, der(0x30, hex(oid.commonName), der(0x0c, Buffer.from(name)))));
const time = (at: Date) => der(0x18, Buffer.from(`${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
const hex = (text: string) => Buffer.from(text, 'hex');

/** Tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { initializeTLog, initializeTSA, tsaHandler } from '@sigstore/mock';

const hex = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

export interface Witnesses extends AsyncDisposable {
  /** Base of both: a log that speaks Rekor's API, and a time-stamp authority. */
  url: string;
  /** `trusted_root.json` with their keys. */
  trustedRoot: Buffer;
}

/** A log and an authority whose clocks stand at `at`. Their certificates begin when they are made. */
export async function startWitnesses(at: Date): Promise<Witnesses> {
  const log = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tsa = await initializeTSA(generateKeyPairSync('ec', { namedCurve: 'P-256' }), at);
  const tlog = await initializeTLog('https://log.example.com', log, at);
  const stamp = tsaHandler(tsa);
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString();
    const isStamp = request.url === stamp.path;
    const answer = isStamp ? (await stamp.fn(body)).response : JSON.stringify(await tlog.log(logged(body)));
    response.writeHead(201, {
      'content-type': isStamp ? 'application/timestamp-reply' : 'application/json',
    });
    response.end(
      typeof answer === 'string' ? answer : Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength),
    );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    trustedRoot: trustedRoot(tlog.publicKey, [tsa.intCertificate, tsa.rootCertificate]),
    [Symbol.asyncDispose]: () => closed(server),
  };
}

/** A log keeps digests of the envelope that it is shown, never the envelope. */
function logged(body: string): object {
  const { envelope, verifiers } = JSON.parse(body).spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: { algorithm: 'sha256', value: hex(envelope) },
      payloadHash: { algorithm: 'sha256', value: hex(Buffer.from(payload, 'base64')) },
      signatures: [{ signature: signatures[0].sig, verifier: verifiers[0] }],
    },
  };
}

function trustedRoot(logKey: Buffer, chain: readonly ArrayBufferView<ArrayBuffer>[]): Buffer {
  const validFor = { start: '2020-01-01T00:00:00Z' };
  const encode = (bytes: ArrayBufferView<ArrayBuffer>) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      {
        baseUrl: 'https://log.example.com',
        hashAlgorithm: 'SHA2_256',
        publicKey: {
          rawBytes: logKey.toString('base64'),
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
          validFor,
        },
        logId: { keyId: createHash('sha256').update(logKey).digest('base64') },
      },
    ],
    timestampAuthorities: [
      {
        subject: { organization: 'example', commonName: 'tsa' },
        uri: 'https://tsa.example.com',
        certChain: { certificates: chain.map((bytes) => ({ rawBytes: encode(bytes) })) },
        validFor,
      },
    ],
    certificateAuthorities: [],
    ctlogs: [],
  };
  return Buffer.from(JSON.stringify(root));
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}

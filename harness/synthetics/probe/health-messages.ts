/** The messages of grpc.health.v1: a request with a service's name in field 1, an answer with its status in field 1. */

export const healthNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type Health = (typeof healthNames)[number];

const [varintType, fixed64Type, bytesType, fixed32Type] = [0, 1, 2, 5];

/** A frame of gRPC: not compressed, its length, the request. The default name is left out, as in proto3. */
export function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? [] : [(1 << 3) | bytesType, ...encodeVarint(name.length), ...name];
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, Buffer.from(message)]);
}

/** Reads a frame of gRPC with an answer. A status that is not sent is UNKNOWN. Throws RangeError for what is none. */
export function decodeResponse(frame: Buffer): Health {
  if (frame.length < 5) throw new RangeError('the frame has no head');
  if (frame[0] !== 0) throw new RangeError('the message is compressed');
  const message = frame.subarray(5);
  if (frame.readUInt32BE(1) !== message.length) throw new RangeError('the frame is not whole');
  let status = 0;
  for (let at = 0; at < message.length; ) {
    const key = decodeVarint(message, at);
    const [field, type] = [key.value >> 3n, Number(key.value & 7n)];
    const value = skip(message, key.end, type);
    if (field === 1n && type === varintType) status = Number(decodeVarint(message, key.end).value);
    at = value;
  }
  return healthNames[status] ?? 'UNKNOWN';
}

/** Where the field ends that begins here; later versions may send some that nobody here knows. */
function skip(message: Buffer, at: number, type: number): number {
  const end = endOf(message, at, type);
  if (end > message.length) throw new RangeError('the message ends early');
  return end;
}

function endOf(message: Buffer, at: number, type: number): number {
  if (type === varintType) return decodeVarint(message, at).end;
  if (type === fixed64Type) return at + 8;
  if (type === fixed32Type) return at + 4;
  if (type !== bytesType) throw new RangeError(`there is no field of type ${type}`);
  const length = decodeVarint(message, at);
  return length.end + Number(length.value);
}

export function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

export function decodeVarint(message: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n;
  for (let index = 0; index < 10; index += 1) {
    const byte = message[start + index];
    if (byte === undefined) throw new RangeError('the message ends early');
    value |= BigInt(byte & 127) << BigInt(7 * index);
    if (byte < 128) return { value, end: start + index + 1 };
  }
  throw new RangeError('a number is longer than ten bytes');
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResponse, decodeVarint, encodeRequest, encodeVarint, healthNames } from './health-messages.ts';

const frame = (message: readonly number[]) => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, Buffer.from(message)]);
};

describe('the messages of the health service', () => {
  it('give back every number that was written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = Uint8Array.from(encodeVarint(value));
        expect(decodeVarint(bytes, 0)).toEqual({ value: BigInt(value), end: bytes.length });
      }),
    );
  });

  it('hold the name of a service of any length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (service) => {
        const written = encodeRequest(service);
        const message = written.subarray(5);
        expect(written.readUInt32BE(1)).toBe(message.length);
        expect(message[0]).toBe(0x0a);
        const length = decodeVarint(message, 1);
        expect(message.subarray(length.end)).toEqual(Buffer.from(service));
      }),
    );
  });

  it('leave the name out where all services are meant', () => {
    expect(encodeRequest('')).toEqual(Buffer.alloc(5));
  });

  it('give the status among fields that nobody here knows', () => {
    const unknown = fc.oneof(
      fc.nat(100).map((value) => [(2 << 3) | 0, ...encodeVarint(value)]),
      fc.constant([(3 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8]),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => [(4 << 3) | 2, bytes.length, ...bytes]),
      fc.constant([(5 << 3) | 5, 1, 2, 3, 4]),
    );
    const others = fc.array(unknown, { maxLength: 4 });
    fc.assert(
      fc.property(others, others, fc.nat(3), (before, after, status) => {
        const message = [...before.flat(), 0x08, status, ...after.flat()];
        expect(decodeResponse(frame(message))).toBe(healthNames[status]);
      }),
    );
  });

  it('are UNKNOWN without a status, and refused when they are cut or packed', () => {
    expect(decodeResponse(frame([]))).toBe('UNKNOWN');
    for (const bad of [
      [0x08],
      [0x0a, 5, 1],
      [0x09, 1],
      [0x0b],
      [0x08, ...new Array<number>(11).fill(0x80)],
    ]) {
      expect(() => decodeResponse(frame(bad))).toThrow(RangeError);
    }
    expect(() => decodeResponse(Buffer.from([1, 0, 0, 0, 0]))).toThrow(/compressed/);
    expect(() => decodeResponse(Buffer.from([0, 0, 0, 0, 9]))).toThrow(/not whole/);
    expect(() => decodeResponse(Buffer.alloc(0))).toThrow(/no head/);
  });
});

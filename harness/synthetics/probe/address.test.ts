import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrivate } from './address.ts';

const privateOnes = [
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'fd00::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '::ffff:0:192.168.0.1',
];
const publicOnes = [
  '8.8.8.8',
  '172.32.0.1',
  '172.15.255.255',
  '100.128.0.1',
  '169.253.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
];

describe('isPrivate', () => {
  it.each(privateOnes)('is true of %s', (address) => void expect(isPrivate(address)).toBe(true));
  it.each(publicOnes)('is false of %s', (address) => void expect(isPrivate(address)).toBe(false));

  it('is true of what is no address', () => {
    for (const text of ['', 'localhost', '1.2.3', 'g::1']) expect(isPrivate(text)).toBe(true);
  });

  it('says of every address of IPv4 what its number says', () => {
    const networks = [
      [0, 8],
      [10 << 24, 8],
      [(100 << 24) + (64 << 16), 10],
      [127 << 24, 8],
      [(169 << 24) + (254 << 16), 16],
      [(172 << 24) + (16 << 16), 12],
      [192 << 24, 24],
      [(192 << 24) + (2 << 8), 24],
      [(192 << 24) + (168 << 16), 16],
      [(198 << 24) + (18 << 16), 15],
      [(198 << 24) + (51 << 16) + (100 << 8), 24],
      [(203 << 24) + (113 << 8), 24],
      [224 << 24, 4],
      [240 << 24, 4],
    ] as const;
    const inside = (address: number) =>
      networks.some(([base, bits]) => address >>> (32 - bits) === (base >>> 0) >>> (32 - bits));
    const near = fc
      .tuple(fc.constantFrom(...networks), fc.integer({ min: -2, max: 2 }))
      .map(([[base], offset]) => (base + offset) >>> 0);
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), near), (address) => {
        const dotted = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
        const [high, low] = [address >>> 16, address & 0xffff];
        expect(isPrivate(dotted)).toBe(inside(address));
        expect(isPrivate(`::ffff:${dotted}`)).toBe(inside(address));
        expect(isPrivate(`::ffff:${high.toString(16)}:${low.toString(16)}`)).toBe(inside(address));
        expect(isPrivate(`2002:${high.toString(16)}:${low.toString(16)}::5`)).toBe(inside(address));
      }),
    );
  });

  it('reads every spelling of an address of IPv6 alike', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(
        fc.constantFrom(0x2606, 0xfd12, 0xfe80, 0xff05, 0),
        fc.array(group, { minLength: 6, maxLength: 6 }),
        (first, rest) => {
          const groups = [first, ...rest, 1];
          const long = groups.map((each) => each.toString(16).padStart(4, '0')).join(':');
          const short = new URL(`http://[${long}]/`).hostname.slice(1, -1);
          expect(isPrivate(short)).toBe(isPrivate(long));
          if (first !== 0) expect(isPrivate(long)).toBe(first !== 0x2606);
        },
      ),
    );
  });
});

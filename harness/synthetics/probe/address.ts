import { BlockList, isIP, isIPv4 } from 'node:net';

/** Networks that are not for the whole internet: private, loopback, link-local, shared, reserved, multicast. */
const networks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b:1::/48',
  '100::/64',
  '2001:db8::/32',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
] as const;

const privateNetworks = new BlockList();
for (const network of networks) {
  const [base = '', bits = ''] = network.split('/');
  privateNetworks.addSubnet(base, Number(bits), isIPv4(base) ? 'ipv4' : 'ipv6');
}

/** Address blocks of IPv6 that lead to an address of IPv4, and the group in which that begins. */
const carriers = [
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { prefix: [0, 0, 0, 0, 0, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { prefix: [0x2002], at: 1 },
];

/** Is this an address that only somebody inside could mean? What is no address at all counts as one. */
export function isPrivate(address: string): boolean {
  const plain = address.split('%', 1)[0] ?? '';
  const version = isIP(plain);
  if (version === 0) return true;
  if (version === 4) return privateNetworks.check(plain, 'ipv4');
  if (privateNetworks.check(plain, 'ipv6')) return true;
  const groups = groupsOf(plain);
  return carriers.some(({ prefix, at }) => {
    if (!prefix.every((group, index) => groups[index] === group)) return false;
    const [high = 0, low = 0] = groups.slice(at);
    return privateNetworks.check([high >> 8, high & 255, low >> 8, low & 255].join('.'), 'ipv4');
  });
}

/** The eight groups of an address of IPv6. */
function groupsOf(address: string): number[] {
  const text = address.replace(/[0-9.]+$/, (tail) => (tail.includes('.') ? asGroups(tail) : tail));
  const [left = '', right] = text.split('::');
  const read = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [read(left), read(right ?? '')];
  const missing = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function asGroups(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '#harness/errors.ts';
import { type CallService, createServiceClient, refusalOf } from '#pipeline/shared/service-client.ts';
import { runMain } from './run-main.ts';

const help = `Usage: node scripts/exercise-enforcement.ts

Turns observation and enforcement of purchases on for a short while, lets a member put items aside and set them free
again, lets somebody who is banned try the same, and puts both flags back as they were. So there are decisions to be
seen in metrics and dashboards, no coin moves, and the flags end by themselves should this process be killed.
Prints one line of JSON; exit code 0 only if every flag is back as it was.

  SERVICE_URL        the running service
  ADMIN_TOKEN        may turn flags
  MEMBER_TOKEN       a member with coins for one item
  BANNED_TOKEN       a member with a ban
  EXERCISE_SECONDS   how long, at least; longer than two scrapes (default 6)
`;

const flagsPath = '/api/v1/admin/flags';
const flags = ['MODERATION_OBSERVABILITY_ENABLED', 'PURCHASE_ENFORCEMENT_ENABLED'];
/** So many decisions about the member for one about the banned: few enough that no alert on denials begins. */
const allowedForOneDenied = 30;
const pauseMs = 50;
const settleMs = 15_000;

interface FlagState {
  flag: string;
  running: boolean;
  overrides: { instance: string; value: boolean; updated_at: string; ends_at: string | null }[];
  instances: { running: boolean }[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { SERVICE_URL: url, ADMIN_TOKEN, MEMBER_TOKEN, BANNED_TOKEN } = process.env;
  const seconds = Number(process.env['EXERCISE_SECONDS'] || 6);
  if (!url || !ADMIN_TOKEN || !MEMBER_TOKEN || !BANNED_TOKEN) {
    throw new Error('SERVICE_URL, ADMIN_TOKEN, MEMBER_TOKEN and BANNED_TOKEN are required');
  }
  if (!(seconds >= 1 && seconds <= 600)) throw new Error('EXERCISE_SECONDS must be 1 to 600');
  const as = (token: string) =>
    createServiceClient({ url, token, jwtSecret: undefined, role: 'ADMIN', sub: '' });
  const admin = as(ADMIN_TOKEN);
  await whileHeld(admin, Math.ceil(seconds) + 60, async () => {
    const counts = await exercise(as(MEMBER_TOKEN), as(BANNED_TOKEN), seconds * 1000);
    process.stdout.write(`${JSON.stringify({ ...counts, held: flags })}\n`);
  });
  process.stdout.write(`${JSON.stringify({ restored: true })}\n`);
  return 0;
}

/** Puts back every flag that it turned, whatever happens meanwhile; that one can't be put back is told too. */
async function whileHeld(admin: CallService, longestSeconds: number, work: () => Promise<void>) {
  const undo: (() => Promise<void>)[] = [];
  const turnAndWork = async () => {
    for (const flag of flags) undo.push(await hold(admin, flag, longestSeconds));
    await work();
  };
  const [done] = await Promise.allSettled([turnAndWork()]);
  const ends = await Promise.allSettled(undo.map((putBack) => putBack()));
  const causes = [done, ...ends].flatMap((end) => (end.status === 'rejected' ? [messageOf(end.reason)] : []));
  if (causes.length > 0) throw new Error(causes.join('; '));
}

/** Turns a flag on everywhere, with an end of its own; gives what puts it back. */
async function hold(admin: CallService, flag: string, longestSeconds: number): Promise<() => Promise<void>> {
  const before = forAll(await read(admin, flag));
  if (before?.ends_at) throw new Error(`somebody else holds ${flag} until ${before.ends_at}`);
  const turn = async (value: boolean | null, ifUpdatedAt: string | null, forSeconds?: number) => {
    const change = { flag, value, if_updated_at: ifUpdatedAt, reason: 'an exercise of enforcement' };
    const answer = await admin('PUT', flagsPath, { ...change, for_seconds: forSeconds });
    if (answer.status !== 200) throw new Error(`${flag}: ${refusalOf(answer)}`);
    return forAll(stateIn(answer.body, flag))?.updated_at ?? null;
  };
  const own = await turn(true, before?.updated_at ?? null, longestSeconds);
  const putBack = async () => {
    await turn(before?.value ?? null, own);
    await settled(admin, flag, ({ running, instances }) =>
      instances.every((each) => each.running === running),
    );
  };
  try {
    await settled(
      admin,
      flag,
      ({ running, instances }) => running && instances.every((each) => each.running),
    );
  } catch (thrown) {
    await putBack();
    throw thrown;
  }
  return putBack;
}

async function settled(admin: CallService, flag: string, is: (state: FlagState) => boolean): Promise<void> {
  for (const end = Date.now() + settleMs; Date.now() < end; await pause(pauseMs)) {
    if (is(await read(admin, flag))) return;
  }
  throw new Error(`${flag} is not the same on every instance after ${settleMs / 1000} s`);
}

async function read(admin: CallService, flag: string): Promise<FlagState> {
  const answer = await admin('GET', flagsPath);
  if (answer.status !== 200) throw new Error(refusalOf(answer));
  return stateIn(answer.body, flag);
}

function stateIn(body: Record<string, unknown>, flag: string): FlagState {
  const { flags: all } = body['data'] as { flags: FlagState[] };
  const state = all.find((each) => each.flag === flag);
  if (!state) throw new Error(`the service has no flag ${flag}`);
  return state;
}

function forAll({ overrides }: FlagState) {
  return overrides.find(({ instance }) => instance === '*');
}

async function exercise(member: CallService, banned: CallService, forMs: number) {
  const { items } = (await member('GET', '/api/shop/items')).body as {
    items: { id: number; price: number }[];
  };
  const [item] = items.toSorted((a, b) => a.price - b.price);
  if (!item) throw new Error('the shop has nothing on sale');
  const counts = { allowed: 0, denied: 0 };
  for (const end = Date.now() + forMs; Date.now() < end || counts.denied === 0; await pause(pauseMs)) {
    const isBanned = (counts.denied + 1) * allowedForOneDenied <= counts.allowed;
    const answer = await (isBanned ? banned : member)('POST', '/api/shop/holds/', { item_id: item.id });
    if (isBanned) {
      if (answer.status !== 403)
        throw new Error(`a purchase of somebody banned was answered ${answer.status}`);
      counts.denied += 1;
      continue;
    }
    if (answer.status !== 201) throw new Error(`a purchase of a member: ${refusalOf(answer)}`);
    const freed = await member('POST', `/api/shop/holds/${answer.body['purchase_id']}/release/`);
    if (freed.status !== 200) throw new Error(`what was put aside could not be freed: ${refusalOf(freed)}`);
    counts.allowed += 1;
  }
  return counts;
}

await runMain('exercise-enforcement', main);

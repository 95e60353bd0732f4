import type { Decision, Statement } from '../report/schema.ts';

/** What people are told: `waiting` for their word, `rejected`, or `expiring` before it was used. */
export type MessageEvent = 'waiting' | 'rejected' | 'expiring';

/** Who, where and what to do; no fact, no reason of a check, nothing of the evidence. */
export interface Message {
  schema: 1;
  event: MessageEvent;
  /** Of one message: the same for each try, and for the same news told again. */
  delivery: string;
  sent_at: string;
  run: string;
  gate: string;
  title: string;
  environment: string;
  rehearsal: boolean;
  decision: Decision;
  commit?: string;
  valid_until: string;
  /** Items that a person of a role has to answer. */
  pending: { item: string; title: string; role: string }[];
  /** Roles that have yet to sign. */
  missing: { role: string; count: number }[];
  rejected?: { by: string; item?: string; reason?: string };
  /** All of it in one or two sentences. */
  text: string;
  /** The command that comes next. */
  next: string;
}

export type News = Omit<Message, 'delivery' | 'sent_at'>;

interface Told {
  event: MessageEvent;
  missing: readonly { role: string; count: number }[];
  rejected?: { by: string; item?: string; reason?: string };
}

const LONGEST_REASON = 300;

export function newsOf({ predicate }: Statement, { event, missing, rejected }: Told): News {
  const { run, gate, environment, release, items, validity, decision } = predicate;
  const pending = items
    .filter(({ state }) => state === 'pending')
    .map(({ id, title, attest }) => ({ item: id, title, role: attest?.role ?? '' }));
  const base = {
    schema: 1 as const,
    event,
    run: run.id,
    gate: gate.id,
    title: gate.title,
    environment: environment.title,
    rehearsal: environment.rehearsal,
    decision,
    ...(release.git ? { commit: release.git.commit } : {}),
    valid_until: validity.not_after,
    pending,
    missing: missing.map(({ role, count }) => ({ role, count })),
    ...(rejected ? { rejected: { ...rejected, ...cutReason(rejected.reason) } } : {}),
  };
  return { ...base, text: textOf(base), next: nextOf(base) };
}

function cutReason(reason: string | undefined): { reason?: string } {
  if (reason === undefined) return {};
  return { reason: reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 1)}…` : reason };
}

type Untold = Omit<News, 'text' | 'next'>;

function textOf(news: Untold): string {
  const what = `${news.title} on ${news.environment}${news.rehearsal ? ' (rehearsal)' : ''}`;
  if (news.event === 'rejected') {
    const { by = 'somebody', item, reason } = news.rejected ?? {};
    return `${what} was rejected by ${by}${item ? ` (${item})` : ''}${reason ? `: ${reason}` : '.'}`;
  }
  const waits = [
    ...news.pending.map(({ item, role }) => `${role} has to answer ${item}`),
    ...(news.pending.length === 0 && news.missing.length > 0 ? [`still to sign: ${rolesOf(news)}`] : []),
  ];
  const until = news.valid_until.slice(0, 16).replace('T', ' ');
  if (news.event === 'waiting') return `${what} waits: ${waits.join('; ')}. Valid until ${until} UTC.`;
  const state = waits.length > 0 ? waits.join('; ') : `it reads ${news.decision} and is fully signed`;
  return `${what} expires at ${until} UTC: ${state}.`;
}

function rolesOf({ missing }: Untold): string {
  return missing.map(({ role, count }) => (count > 1 ? `${count} × ${role}` : role)).join(', ');
}

function nextOf({ event, run, gate, pending, missing }: Untold): string {
  const [first] = pending;
  if (event === 'rejected') return `countersign gate show ${run}`;
  if (first) return `countersign gate attest ${run} ${first.item} --as PERSON`;
  return missing.length > 0
    ? `countersign gate sign ${run} --as PERSON`
    : `countersign gate verify ${run} --for deploy --gate ${gate} --ledger FILE`;
}

import type { CheckOf } from '../../definition.ts';
import { asList, translateCriteria, wholeRange } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { sentBody } from '../sent-body.ts';
import { plain, secretsIn } from '../templates.ts';

export interface Assertion {
  kind: 'statusCode' | 'header' | 'textBody';
  compare: string;
  key?: string;
  target: string | number;
}

const noSecrets = 'OpenStatus has no reference to a secret';

/** Headers and body, without those that hold a secret. */
export function sentOf(ledger: Ledger<CheckOf<'http'>>): { headers?: Record<string, string>; body?: string } {
  const { headers, body, field } = sentBody(ledger);
  const kept = Object.entries(headers).filter(([name, value]) => {
    const open = secretsIn(value).length === 0;
    if (!open) ledger.lose(`headers.${name}`, value, noSecrets);
    return open;
  });
  const secret = secretsIn(body).length > 0;
  if (secret) ledger.lose(field, body, noSecrets);
  return {
    ...(kept.length > 0
      ? { headers: Object.fromEntries(kept.map(([name, value]) => [name, plain(value)])) }
      : {}),
    ...(body === undefined || secret ? {} : { body: plain(body) }),
  };
}

type Part = Assertion | { degradedAfter: number };

/** All assertions must hold, so that one of several statuses can't be said. */
export function assertionsOf(ledger: Ledger<CheckOf<'http'>>): {
  assertions: Assertion[];
  degradedAfter?: number;
} {
  const parts = translateCriteria<Part>(
    ledger,
    {
      status_code: (said, lose) => {
        const codes = asList<number>(said);
        const [least, most] = [Math.min(...codes), Math.max(...codes)];
        if (least === most) return { kind: 'statusCode', compare: 'eq', target: least };
        lose(
          'OpenStatus holds all assertions to be needed, so that it knows ranges only',
          `${least} to ${most}`,
        );
        return [
          { kind: 'statusCode', compare: 'gte', target: least },
          { kind: 'statusCode', compare: 'lte', target: most },
        ];
      },
      body_contains: (said) =>
        asList<string>(said).map((text) => ({ kind: 'textBody', compare: 'contains', target: text })),
      body_not_contains: (said) =>
        asList<string>(said).map((text) => ({ kind: 'textBody', compare: 'not_contains', target: text })),
      headers_contain: (said, lose) => {
        lose('OpenStatus tells capital letters from small ones in a value', 'letters as they are written');
        return Object.entries(said).map(([key, text]) => ({
          kind: 'header',
          compare: 'contains',
          key,
          target: text,
        }));
      },
      response_time_ms: (said, lose) => {
        const { from, to } = wholeRange(said) ?? {};
        if (to === undefined || from !== undefined) {
          lose('OpenStatus knows an upper bound only');
          return [];
        }
        lose('a slow answer is degraded in OpenStatus, and not a failure', `degradedAfter: ${to + 1}`);
        return { degradedAfter: to + 1 };
      },
    },
    'OpenStatus has no assertion for it',
    noSecrets,
  );
  const assertions = parts.flatMap((part) => ('kind' in part ? [part] : []));
  const [degraded] = parts.flatMap((part) => ('degradedAfter' in part ? [part.degradedAfter] : []));
  const basis: Assertion[] = assertions.some(({ kind }) => kind === 'statusCode')
    ? []
    : [
        { kind: 'statusCode', compare: 'gte', target: 200 },
        { kind: 'statusCode', compare: 'lt', target: 300 },
      ];
  return {
    assertions: [...basis, ...assertions],
    ...(degraded === undefined ? {} : { degradedAfter: degraded }),
  };
}

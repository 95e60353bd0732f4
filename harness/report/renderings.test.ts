import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sampleReport } from '../testing/sample-report.ts';
import type { SaidLine } from './approvals.ts';
import { annotations, githubAnnotation, jobSummary } from './github.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import type { ItemReport, Statement } from './schema.ts';

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' autofocus onfocus='alert(1)",
  '</style><svg onload=alert(1)>',
  'javascript:alert(1)',
  '\u202etxt.exe\u0000\u0007\u001b[31m',
  ']]>&<!--',
  '::error::not ours\n::set-output name=x::y',
  '| a | [x](https://example.com) @somebody `code` **bold** ![](https://example.com/x.png)',
].join('\n');

/** Puts hostile text wherever a report holds text that somebody else chose. */
function poison<T>(value: T): T {
  if (typeof value === 'string')
    return (/^([0-9a-f]{32,}|\d{4}-\d\d-\d\dT.*Z|https:.*)$/.test(value) ? value : `${value}${hostile}`) as T;
  if (Array.isArray(value)) return value.map(poison) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poison(inner)])) as T;
}

const saidAt = '2026-11-25T08:30:00.000Z';

function saidBy(kind: SaidLine['kind']): SaidLine {
  return { kind, person: hostile, name: hostile, keyid: hostile, at: saidAt, earlier: true, words: hostile };
}

function hostileReport() {
  const { statement, context } = sampleReport();
  const { predicate } = statement;
  const items = predicate.items.map((item): ItemReport => {
    const { state, attempts, ...rest } = item;
    return {
      ...poison(rest),
      state,
      attempts: attempts.map(({ state: of, expectations, facts, ...attempt }) => ({
        ...poison(attempt),
        state: of,
        expectations: expectations.map(({ outcome, ...expectation }) => ({
          ...poison(expectation),
          outcome,
        })),
        facts: { ...poison(facts ?? {}), [hostile]: { [hostile]: [hostile, { [hostile]: hostile }] } },
      })),
    };
  });
  const { zone, ...environment } = predicate.environment;
  const poisoned: Statement = {
    ...statement,
    predicate: {
      ...predicate,
      items,
      gate: poison(predicate.gate),
      environment: { ...poison(environment), zone },
      release: poison(predicate.release),
      relaxations: [hostile],
      run: { ...predicate.run, id: hostile },
    },
  };
  return {
    statement: poisoned,
    context: {
      ...context,
      approvals: context.approvals.map((one) => ({ ...one, name: hostile, role: hostile })),
      said: [saidBy('rejection'), { ...saidBy('revocation'), revoked: { keyid: hostile, from: saidAt } }],
    },
  };
}

test('the same report gives the same page', () => {
  const [first, second] = [sampleReport(), sampleReport()];
  expect(renderHtml(first.statement, first.context)).toBe(renderHtml(second.statement, second.context));
});

test('a page holds no script and loads nothing, and says so to the browser', () => {
  const { statement, context } = sampleReport();
  const page = renderHtml(statement, context);
  expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son\w+=|\sstyle=/i);
  const style = /<style>(.*)<\/style>/s.exec(page)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  expect(page).toContain(
    `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
  );
});

test('nothing that a report holds becomes markup', () => {
  const { statement, context } = hostileReport();
  const page = renderHtml(statement, context);
  const clean = sampleReport();
  const tags = new Set(
    [...renderHtml(clean.statement, clean.context).matchAll(/<\/?([a-z0-9]+)/g)].map(([, tag]) => tag),
  );
  for (const [, tag] of page.matchAll(/<\/?([a-z0-9]+)/gi))
    expect([...tags, 'ol', 'table', 'blockquote', 'b']).toContain(tag);
  expect(page).not.toMatch(/<[^>]*\son\w+\s*=/i);
  expect(page.replace(/<style>.*<\/style>/s, '')).not.toMatch(/href="(?!#|evidence\/[0-9a-f]{64}")/);
  expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202a-\u202e]/);
  expect(page).toContain('\\u202e');
});

test('each item shows what was expected and what was measured', () => {
  const { statement, context } = sampleReport('no-go');
  const page = renderHtml(statement, context);
  for (const text of [
    'left.total_minor == right.total_minor',
    '18250075',
    '18250175',
    'No go',
    'Why it is a no go',
  ]) {
    expect(page).toContain(text);
  }
});

test('times are on the clocks of the environment and in UTC', () => {
  const { statement, context } = sampleReport();
  expect(renderHtml(statement, context)).toContain(
    '25 Nov 2026, 09:28:41 Africa/Lagos <span class="utc">(08:28:41 UTC)</span>',
  );
});

test('whoever has yet to sign stands beside the verdict', () => {
  const { statement, context } = sampleReport();
  expect(renderHtml(statement, context)).toContain(
    '<strong>Not signed off yet:</strong> waiting for engineering.',
  );
  const whole = renderHtml(statement, { ...context, missing: [] });
  expect(whole).not.toContain('Not signed off yet');
});

test('junit counts failures, errors and what was only rehearsed, and stays well-formed', () => {
  const { statement } = sampleReport('no-go');
  expect(renderJunit(statement)).toContain('tests="5" failures="1" errors="0" skipped="0"');
  expect(renderJunit(sampleReport().statement)).toContain('tests="5" failures="0" errors="0" skipped="1"');
  const { statement: poisoned, context } = hostileReport();
  const xml = renderJunit(poisoned, context);
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  expect(
    xml
      .replace(/<\?xml.*?\?>/, '')
      .replace(
        /<(\/?)(testsuites?|testcase|properties|property|failure|error|skipped|system-out)( [a-z_]+="[^"<>&]*(&#\d+;[^"<>&]*)*")*(\/?)>/g,
        '',
      ),
  ).not.toMatch(/[<>]/);
});

test('annotations are one workflow command a line, whatever the report says', () => {
  const [first] = annotations(sampleReport('no-go').statement);
  expect(first).toBe(
    '::error file=checklists/mono-staging-dry-run.gate.yml,title=totals%3A failed::Totals of the provider and of the ledger agree: expected `breaks == 0`, but breaks = 1',
  );
  for (const line of annotations(hostileReport().statement)) {
    expect(line).toMatch(/^::(error|warning) file=[^:,\r\n]*,title=[^:,\r\n]*::[^\r\n]*$/);
  }
});

test('a finding of lint stands on its line', () => {
  const where = { file: 'checklists/a,b.gate.yml', line: 7, column: 3 };
  const problem = {
    code: 'CONFIG_INVALID' as const,
    message: 'no such fact',
    where,
    hint: 'see 100% of them\nhere',
  };
  expect(githubAnnotation(problem)).toBe(
    '::error file=checklists/a%2Cb.gate.yml,line=7,col=3,title=CONFIG_INVALID::no such fact (see 100%25 of them%0Ahere)',
  );
});

test('the job summary of a report that somebody rejected is a NO GO, whatever was measured', () => {
  const who = { person: 'kofi', name: 'Kofi', keyid: '', at: '2026-11-25T09:00:00Z', earlier: false };
  const said = [{ ...who, kind: 'rejection' as const, words: 'the old key is there' }];
  const summary = jobSummary(sampleReport().statement, { said });
  expect(summary).toContain('## NO GO');
  expect(summary).toContain('Rejected by Kofi&#58; the old key is there');
});

test('the job summary is a table of what did not pass, and nothing in it is markup', () => {
  expect(jobSummary(sampleReport('no-go').statement)).toContain('3 of 5 items passed');
  const summary = jobSummary(hostileReport().statement);
  expect(summary).not.toMatch(/[<`@[\]*!]/);
  for (const line of summary.split('\n').filter((each) => each.startsWith('|'))) {
    expect(line.split('|')).toHaveLength(5);
  }
});

import { resolve } from 'node:path';
import { loadWindows, type Windows } from '../../config/windows.ts';
import { CountersignError } from '../../errors.ts';
import { evaluateWindows, type Opening } from '../../gate/window.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, defineCheck, Instant, Options } from '../define.ts';
import { guard } from '../guard.ts';

const WindowOptions = Options({
  windows: Type.Array(Type.String(), { minItems: 1, uniqueItems: true, description: 'names from the file' }),
  file: Type.Optional(Type.String({ minLength: 1, description: 'default checklists/windows.yml' })),
  mode: Type.Optional(
    Type.Union([Type.Literal('open'), Type.Literal('named')], {
      description: 'must it be open now, or is it enough that the next opening can be named? default open',
    }),
  ),
});

type Settings = Static<typeof WindowOptions>;

const defaultFile = 'checklists/windows.yml';

export default defineCheck({
  kind: 'window',
  summary: 'Tell whether a release window is open, and which one comes next',
  options: WindowOptions,
  facts: Type.Object({
    at: Instant({ description: 'the moment that was judged' }),
    mode: Type.String(),
    zone: Type.String({ description: 'of the next opening, else of the first window named' }),
    open: Type.Boolean(),
    active: Type.Array(Type.String(), { description: 'windows of either kind that the moment lies in' }),
    denied_by: Type.Array(Type.String(), { description: 'deny windows among them' }),
    closes: Type.Optional(Instant({ description: 'when what is open now closes; absent when shut' })),
    has_next: Type.Boolean({ description: 'is there a later opening within 366 days?' }),
    next_window: Type.String({ description: 'its name, or empty' }),
    next_opens: Type.Optional(Instant()),
    next_closes: Type.Optional(Instant()),
    next_text: Type.String({ description: 'for people: `Wednesday 2026-11-25 09:00-11:00 Africa/Lagos`' }),
  }),
  expect: ['mode == "named" ? open || has_next : open'],
  effects: 'none',
  answers: 'calendar',
  async lint(options, context) {
    try {
      choose(options, await loadWindows(resolve(context.root, fileOf(options)), fileOf(options)));
    } catch (thrown) {
      const { message, hint } = thrown as CountersignError;
      context.report([], message, hint);
    }
  },
  measure: (options, context) => guard(context, 'CONFIG_INVALID', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const declared = await loadWindows(context.resolve(fileOf(options)), fileOf(options));
  const windows = choose(options, declared);
  const at = context.clock.now();
  const state = evaluateWindows(windows, at);
  const { next } = state;
  const zone = zoneOf(windows, next);
  const facts = {
    at: at.toISOString(),
    mode: options.mode ?? 'open',
    zone,
    open: state.open,
    active: state.active,
    denied_by: state.deniedBy,
    ...(state.closesAt ? { closes: state.closesAt.toISOString() } : {}),
    has_next: next !== null,
    next_window: next?.name ?? '',
    ...(next ? { next_opens: next.opensAt.toISOString() } : {}),
    ...(next?.closesAt ? { next_closes: next.closesAt.toISOString() } : {}),
    next_text: next ? showOpening(next, zone) : '',
  };
  await context.artifact('windows.json', JSON.stringify(windows, null, 2), 'application/json');
  return { facts };
}

function fileOf({ file }: Settings): string {
  return file ?? defaultFile;
}

function choose(options: Settings, declared: Windows): Windows {
  const pairs = options.windows.map((name) => {
    const window = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (window) return [name, window] as const;
    throw new CountersignError('CONFIG_INVALID', `there is no window \`${name}\` in ${fileOf(options)}`, {
      hint: `it declares ${Object.keys(declared).join(', ')}`,
    });
  });
  return Object.fromEntries(pairs);
}

function zoneOf(windows: Windows, next: Opening | null): string {
  const [first] = Object.values(windows);
  return (next ? windows[next.name]?.zone : undefined) ?? first?.zone ?? 'UTC';
}

function showOpening({ opensAt, closesAt }: Opening, zone: string): string {
  const local = (instant: Date, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }).format(instant);
  const time = (instant: Date) => local(instant, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const date = (instant: Date) =>
    local(instant, { day: '2-digit', month: '2-digit', year: 'numeric' }).split('/').reverse().join('-');
  const until = closesAt
    ? `${date(closesAt) === date(opensAt) ? '' : `${date(closesAt)} `}${time(closesAt)}`
    : '';
  return `${local(opensAt, { weekday: 'long' })} ${date(opensAt)} ${time(opensAt)}-${until} ${zone}`;
}

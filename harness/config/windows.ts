import { DurationText, Options } from '../checks/define.ts';
import { windowProblems } from '../gate/window.ts';
import { type Static, Type } from '../type.ts';
import { validateYaml } from './validate.ts';
import { invalid, readYaml } from './yaml.ts';

const LocalTime = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

/** `checklists/windows.yml`: when something may be done (allow) and when not (deny). */
export const WindowSchema = Options({
  kind: Type.Union([Type.Literal('allow'), Type.Literal('deny')], { description: 'deny beats allow' }),
  title: Type.Optional(Type.String()),
  rrule: Type.String({
    pattern: '^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;|$)',
    description: 'RFC 5545 rule that names the days; UNTIL is a date',
  }),
  dtstart: Type.Optional(
    Type.String({
      format: 'date',
      description: 'first day the rule counts from; needed with INTERVAL or COUNT; default 2000-01-01',
    }),
  ),
  from: { ...LocalTime, description: 'local time at which it opens' },
  until: Type.Optional({
    ...LocalTime,
    description: 'local time at which it closes; on the next day when not later than `from`',
  }),
  duration: Type.Optional(DurationText({ description: 'instead of `until`; at most 31d' })),
  zone: Type.String({ minLength: 1, description: 'IANA zone, such as Africa/Lagos' }),
});

export const WindowsSchema = Options({
  windows: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]*$' }), WindowSchema),
});

export type WindowConfig = Static<typeof WindowSchema>;
export type Windows = Readonly<Record<string, WindowConfig>>;

/** Reads a file of windows; everything that is wrong with it is told at once, with its place. */
export async function loadWindows(path: string, shown: string): Promise<Windows> {
  const yaml = await readYaml(path, shown);
  const { windows } = validateYaml(WindowsSchema, yaml);
  const problems = Object.entries(windows).flatMap(([name, window]) =>
    windowProblems(window).map((message) => ({
      code: 'CONFIG_INVALID' as const,
      message: `window \`${name}\`: ${message}`,
      where: yaml.place(['windows', name]),
    })),
  );
  if (problems.length > 0) throw invalid(problems);
  return windows;
}

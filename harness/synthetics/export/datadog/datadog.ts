import { type ExportTarget, settingOf } from '../define.ts';
import { testsOf } from './tests.ts';

const settings = {
  locations: {
    summary: 'where Datadog probes from, names of the file before them: eu=aws:eu-central-1,aws:us-east-1',
    default: 'aws:eu-central-1',
  },
} as const;

export const target: ExportTarget = {
  name: 'datadog',
  settings,
  export(definition, options) {
    const { tests, losses } = testsOf(definition, {
      locations: settingOf(target, options, 'locations'),
      given: options.settings['locations'] !== undefined,
    });
    return {
      files: [
        {
          path: 'datadog.json',
          text: `${JSON.stringify({ tests: tests.map(({ test }) => test) }, null, 2)}\n`,
        },
      ],
      losses,
    };
  },
};

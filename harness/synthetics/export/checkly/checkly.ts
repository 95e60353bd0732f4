import { type ExportTarget, settingOf } from '../define.ts';
import { channelsOf, loseChannels } from './channels.ts';
import { checksOf } from './checks.ts';
import { sourceOf } from './source.ts';

export const target: ExportTarget = {
  name: 'checkly',
  settings: {
    locations: {
      summary: 'where Checkly probes from, names of the file before them: eu=eu-central-1,us-east-1',
      default: 'eu-central-1',
    },
    format: {
      summary: 'constructs, for its command line, or api, as its API has checks',
      default: 'constructs',
      pattern: /^(constructs|api)$/,
    },
  },
  export(definition, options) {
    const { checks, losses } = checksOf(definition, {
      locations: settingOf(target, options, 'locations'),
      given: options.settings['locations'] !== undefined,
    });
    if (settingOf(target, options, 'format') === 'constructs') {
      const channels = channelsOf(definition, losses);
      return { files: [{ path: 'checkly.check.ts', text: sourceOf(checks, channels) }], losses };
    }
    loseChannels(definition, losses);
    const payloads = checks.map(({ payload }) => payload);
    return { files: [{ path: 'checkly.json', text: `${JSON.stringify(payloads, null, 2)}\n` }], losses };
  },
};

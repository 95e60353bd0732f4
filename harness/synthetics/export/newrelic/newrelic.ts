import { type ExportTarget, settingOf } from '../define.ts';
import { monitorsOf } from './monitors.ts';

export const target: ExportTarget = {
  name: 'newrelic',
  settings: {
    locations: {
      summary: 'where New Relic probes from, names of the file before them: eu=EU_CENTRAL_1,US_EAST_1',
      default: 'EU_CENTRAL_1',
    },
    runtime: {
      summary: 'version of the Node.js runtime of scripts',
      default: '22.20.0',
      pattern: /^[0-9]+\.[0-9]+(\.[0-9]+)?$/,
    },
  },
  export(definition, options) {
    const { monitors, losses } = monitorsOf(definition, {
      locations: settingOf(target, options, 'locations'),
      given: options.settings['locations'] !== undefined,
      runtime: settingOf(target, options, 'runtime'),
    });
    const mutations = monitors.map(({ monitor: { type, input } }) => ({
      mutation: `syntheticsCreate${mutationNames[type]}`,
      variables: { monitor: input },
    }));
    return { files: [{ path: 'newrelic.json', text: `${JSON.stringify(mutations, null, 2)}\n` }], losses };
  },
};

/** `syntheticsCreateSimpleMonitor` takes a `SyntheticsCreateSimpleMonitorInput`; `Update` likewise. */
export const mutationNames = {
  SIMPLE: 'SimpleMonitor',
  SCRIPT_API: 'ScriptApiMonitor',
  CERT_CHECK: 'CertCheckMonitor',
} as const;

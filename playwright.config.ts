import { defineConfig } from '@playwright/test';
import { findTool } from './harness/tools/find.ts';

/** The browser that `countersign doctor` names; without one Playwright looks for its own. */
const installed = await findTool('chromium', { env: process.env, root: import.meta.dirname }).then(
  ({ path }) => path,
  (thrown) => {
    if (process.env['COUNTERSIGN_CHROMIUM']) throw thrown;
    return undefined;
  },
);

/** Tests of a running service, in the environment that `countersign smoke run` gives them. */
const smoke = {
  testDir: 'smoke',
  use: {
    baseURL: process.env['SMOKE_SERVICE_URL'],
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
} as const;
const inPage = '**/*.browser.spec.ts';
const overWebSocket = '**/*.websocket.spec.ts';

export default defineConfig({
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  outputDir: 'test-results',
  reporter: [['line']],
  use: {
    browserName: 'chromium',
    launchOptions: {
      ...(installed ? { executablePath: installed } : {}),
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  projects: [
    { name: 'report', testDir: 'harness/report', testMatch: 'report.spec.ts' },
    { name: 'api', ...smoke, testMatch: '**/*.spec.ts', testIgnore: [inPage, overWebSocket] },
    { name: 'websocket', ...smoke, testMatch: overWebSocket },
    { name: 'browser', ...smoke, testMatch: inPage },
  ],
});

import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

/** A browser that is there already; without one Playwright looks for its own. */
const installed = [process.env['COUNTERSIGN_CHROMIUM'], '/usr/bin/chromium'].find(
  (path) => path && existsSync(path),
);

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
  projects: [{ name: 'report', testDir: 'harness/report', testMatch: 'report.spec.ts' }],
});

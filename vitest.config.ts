import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{harness,pipeline,scripts,smoke,synthetics,alerts,dashboards,checklists,bench}/**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**', '.countersign/**'],
    globalSetup: ['harness/testing/temporary-folder.ts', 'harness/testing/database-server.ts'],
    allowOnly: false,
    passWithNoTests: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});

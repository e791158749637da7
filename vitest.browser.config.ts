import { defineConfig } from 'vitest/config'
import { sources } from './vitest.config.js'

/** Tests in a real browser: they need Chromium. */
export default defineConfig({
  resolve: { alias: sources },
  test: { include: ['test/browser/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 1 },
})

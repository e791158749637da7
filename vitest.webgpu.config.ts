import { defineConfig } from 'vitest/config'
import { sources } from './vitest.config.js'

/** Tests on WebGPU in Node: `npm run test:webgpu` starts them. */
export default defineConfig({
  resolve: { alias: sources },
  test: { include: ['test/webgpu/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 1 },
})

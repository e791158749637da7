import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const packages = fileURLToPath(new URL('packages', import.meta.url))

export default defineConfig({
  resolve: { alias: [{ find: /^@cotangent\/([\w-]+)$/, replacement: `${packages}/$1/src/index.ts` }] },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/src/**/*.laws.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})

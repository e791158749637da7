import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const packages = fileURLToPath(new URL('packages', import.meta.url))

/** Packages resolve to their sources, so that a test never runs on an old build. */
export const sources = [{ find: /^@cotangent\/([\w-]+)$/, replacement: `${packages}/$1/src/index.ts` }]

export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/src/**/*.laws.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/browser/**', 'test/webgpu/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})

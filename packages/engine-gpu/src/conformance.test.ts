/* The one suite of all engines, in each mode that is accepted. */
import { conformance } from '@cotangent/testing'
import { afterAll, describe, test } from 'vitest'
import { gpuEngine } from './gpuEngine.js'

for (const mode of ['cpu', 'webasm'] as const) {
  const engine = await gpuEngine({ mode })
  describe(`conformance in mode ${mode}`, () => {
    afterAll(() => engine.close())
    for (const { name, run } of conformance(engine)) test(name, run)
  })
}

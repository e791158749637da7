import { gpuEngine } from '@cotangent/engine-gpu'
import { afterAll, expect, test } from 'vitest'
import { measureAccuracy } from '../support/gpuAccuracy.js'

const engine = await gpuEngine({ mode: 'webgpu' })
afterAll(() => engine.close())

for (const { what, where, measured, share, unit, bound } of await measureAccuracy(engine)) {
  test(`${what}, ${where}: within ${bound}`, () => {
    expect(share, `${measured} ${unit}`).toBeLessThanOrEqual(1)
  })
}

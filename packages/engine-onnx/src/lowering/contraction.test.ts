import { compile, dotGeneral, full, mul, type Tensor, zeros } from '@cotangent/core'
import { afterAll, expect, test } from 'vitest'
import { onnxEngine } from '../engine.js'

// with no room for sessions each call has one of its own, in memory that those before it have left
const engine = await onnxEngine({ threads: 1, cacheBytes: 1 })
afterAll(() => engine.close())

const ofMatrices = { contract: [[1], [0]], batch: [[], []] } as const
const ofBatches = { contract: [[2], [1]], batch: [[0], [0]] } as const
const ofVectors = { contract: [[1], [1]], batch: [[0], [0]] } as const

test.each([
  ['a product', [40, 0], [0, 8], ofMatrices],
  ['a batch of products', [5, 8, 0], [5, 0, 8], ofBatches],
  ['a batch of scalar products', [320, 0], [320, 0], ofVectors],
] as const)('%s over no elements is 0, whatever memory held before', async (_, left, right, axes) => {
  for (const dtype of ['f32', 'f64', 'i32'] as const) {
    const noise = compile((x: Tensor) => [mul(x, x), mul(x, 3)], engine)
    const product = compile((x: Tensor, y: Tensor) => dotGeneral(x, y, axes), engine)
    for (let i = 0; i < 20; i++) {
      await noise(full([320], 7, dtype))
      const y = await product(zeros(left, dtype), zeros(right, dtype))
      expect(
        [...y.data].every((value) => value === 0),
        dtype,
      ).toBe(true)
    }
  }
})

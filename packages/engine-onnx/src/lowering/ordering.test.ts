import { argsort, array, compile, type DType, sort, type Tensor, topK, zeros } from '@cotangent/core'
import { afterAll, expect, test } from 'vitest'
import { onnxEngine } from '../engine.js'

const engine = await onnxEngine({ threads: 2 })
afterAll(() => engine.close())

const { NaN: nan, POSITIVE_INFINITY: inf, MAX_VALUE: big } = Number
const most = Math.fround(3.4028234e38)

test.each<DType>(['f32', 'f64', 'i32'])(
  'orders %s as the evaluator does: NaN, infinities, zeros, ties',
  async (dtype) => {
    const row =
      dtype === 'i32' ? [3, -1, 3, 0, 2 ** 31 - 1, -(2 ** 31), 0] : [nan, inf, 0, -0, -inf, 1, inf, nan, most, 1, -most]
    const x = array(dtype === 'f64' ? [...row, big] : row, dtype)
    for (const descending of [false, true]) {
      const f = (y: Tensor): readonly Tensor[] => [argsort(y, 0, { descending }), sort(y, 0, { descending })]
      const found = await compile(f, engine)(x)
      expect(found.map((y) => y.toArray())).toEqual(f(x).map((y) => y.toArray()))
    }
  },
)

test.each<DType>(['f32', 'f64'])('finds the largest of %s as the evaluator does', async (dtype) => {
  const row = [1, inf, nan, most, inf, -inf, nan, 0, -0, most]
  const x = array([dtype === 'f64' ? [...row, big] : row, dtype === 'f64' ? [...row, big].reverse() : row], dtype)
  for (const k of [1, 3, 10]) {
    const f = (y: Tensor): readonly Tensor[] => topK(y, k)
    const found = await compile(f, engine)(x)
    expect(found.map((y) => y.toArray())).toEqual(f(x).map((y) => y.toArray()))
  }
})

test('orders nothing, and a long row of ties', async () => {
  expect((await compile((x: Tensor) => argsort(x), engine)(zeros([2, 0]))).shape).toEqual([2, 0])
  const x = array(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 13))
  const order = (y: Tensor): Tensor => argsort(y, -1, { descending: true })
  expect((await compile(order, engine)(x)).toArray()).toEqual(order(x).toArray())
})

/* Sums and maxima of many elements, which take two kernels. */
import {
  add,
  array,
  compile,
  evalIR,
  type HostTensor,
  key,
  makeIR,
  max,
  mul,
  normal,
  sum,
  type Tensor,
  tensor,
} from '@cotangent/core'
import { expect, test } from 'vitest'
import { explainKernels } from '../explainKernels.js'
import { gpuEngine } from '../gpuEngine.js'

const shapes = [
  ['all of a number of elements that no power of 2 divides', [9001], 0],
  ['rows', [3, 2 ** 14], 1],
  ['columns, and a tail', [12_345, 2], 0],
  ['two axes that are no neighbours', [31, 3, 301], [0, 2]],
] as const

const oracle = (f: (x: Tensor) => Tensor, x: HostTensor): readonly number[] => [
  ...evalIR(makeIR(f)(x), [x], { floats: 'f64' }).data,
]

for (const mode of ['cpu', 'webasm'] as const) {
  test.each(shapes)(`mode ${mode}: %s`, async (_, shape, axes) => {
    const engine = await gpuEngine({ mode })
    const x = normal(key(5), shape)
    const host = tensor(x.data, [...shape])
    const total = (t: Tensor): Tensor => add(sum(mul(t, t), axes), 1)
    const largest = (t: Tensor): Tensor => max(t, axes)
    expect(explainKernels(total, engine)(host).kernels).toHaveLength(2)
    const [sums, maxima] = [await compile(total, engine)(host), await compile(largest, engine)(host)]
    const wanted = oracle(total, host)
    // pairwise by square roots: some hundred roundings of a part each
    for (const [i, value] of (await sums.read()).data.entries()) {
      expect(Math.abs(value / (wanted[i] ?? 0) - 1)).toBeLessThan(300 * 2 ** -24)
    }
    expect([...(await maxima.read()).data]).toEqual(oracle(largest, host))
    await engine.close()
  })
}

test('NaN of any part is the maximum', async () => {
  const engine = await gpuEngine({ mode: 'cpu' })
  const x = tensor(new Float32Array(9001).map((_, i) => (i === 8999 ? Number.NaN : -i)))
  expect((await (await compile((t: Tensor) => max(t), engine)(x)).read()).item()).toBeNaN()
  expect((await (await compile((t: Tensor) => max(t), engine)(array([1, 2]))).read()).item()).toBe(2)
  await engine.close()
})

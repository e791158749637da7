/* Letters: x primal, y = (x - mean)·r the result, r = 1 / sqrt(variance + eps), dx tangent. */
import { aval, sizeOf } from '../aval.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { add, mul, neg, rsqrt, sub } from './arithmetic.js'
import { axisLength, normalAxis } from './axes.js'
import { checkKind } from './elementwise.js'
import { dataAttrs, definePrimitive, notLinear, type Primitive } from './primitive.js'
import { mean } from './reduction.js'

const meanOfRows = (x: Tensor): Tensor => mean(x, -1, { keepDims: true })

export const standardizePrimitive: Primitive<{ readonly eps: number }> = definePrimitive({
  name: 'standardize',
  arity: 1,
  attrs: dataAttrs<{ readonly eps: number }>('eps'),
  abstractEval: ([x]) => [x, aval([...x.shape.slice(0, -1), 1], x.dtype)],
  evaluate: ([x], { eps }, [y, r]) => {
    const width = axisLength(x.shape, x.shape.length - 1)
    for (let row = 0; row * width < x.data.length; row++) {
      const from = x.data.subarray(row * width, (row + 1) * width)
      let total = 0
      for (const value of from) total += value
      const middle = total / width
      let squares = 0
      for (const value of from) squares += (value - middle) ** 2
      const scale = 1 / Math.sqrt(squares / width + eps)
      for (let i = 0; i < width; i++) y.data[row * width + i] = ((from[i] ?? 0) - middle) * scale
      if (r !== undefined) r.data[row] = scale
    }
  },
  // dy = r (dx - mean dx - y mean(y dx));  dr = -r² mean(y dx)
  jvp: [
    (dx, _, [y, r]) => {
      if (r === undefined) throw new Error('standardize has two results')
      const along = meanOfRows(mul(y, dx))
      return [mul(r, sub(sub(dx, meanOfRows(dx)), mul(y, along))), neg(mul(mul(r, r), along))]
    },
  ],
  transpose: notLinear,
  batch: ([x], _, attrs) => bind(standardizePrimitive, [x], attrs),
  decompose: ([x], { eps }) => {
    const centred = sub(x, meanOfRows(x))
    const r = rsqrt(add(meanOfRows(mul(centred, centred)), eps))
    return [mul(centred, r), r]
  },
  properties: { flops: ([x]) => (x === undefined ? 0 : 8 * sizeOf(x.shape)) },
})

/**
 * The last axis shifted to mean 0 and scaled to variance 1: `(x - mean) / sqrt(variance + eps)`, as layer norm does
 * before its weight and bias.
 *
 * @param eps added to the variance, so that a constant row stays finite
 * @example standardize(array([1, 3]), 0) // => [-1, 1]
 */
export const standardize = (x: Tensor, eps: number): Tensor => {
  checkKind('standardize', 'floating', x)
  normalAxis('standardize', x.aval, -1)
  if (x.size === 0) return x // nothing to normalise
  const [y] = bind(standardizePrimitive, [x], { eps })
  if (y === undefined) throw new Error('standardize has two results')
  return y
}

/* Axes in reverse order: linear, and its own transpose. */
import { stridesOf } from '../aval.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { type Axes, normalAxes } from './axes.js'
import { dataAttrs, definePrimitive, type Primitive } from './primitive.js'
import { eachIndex } from './strided.js'

export interface FlipAttrs {
  readonly axes: readonly number[]
}

export const flipPrimitive: Primitive<FlipAttrs> = definePrimitive({
  name: 'flip',
  arity: 1,
  attrs: dataAttrs<FlipAttrs>('axes'),
  abstractEval: ([x]) => x,
  evaluate: ([x], { axes }, [y]) => {
    const strides = stridesOf(x.shape)
    const last = axes.reduce((at, axis) => at + ((x.shape[axis] ?? 1) - 1) * (strides[axis] ?? 0), 0)
    eachIndex(
      x.shape,
      strides.map((step, axis) => (axes.includes(axis) ? -step : step)),
      (from, at) => {
        y.data[last + at] = x.data[from] ?? 0
      },
    )
  },
  jvp: [(dx, _x, _y, { axes }) => flip(dx, axes)],
  transpose: [(ct, _, { axes }) => flip(ct, axes)],
  batch: ([x], _, { axes }) => bind1(flipPrimitive, [x], { axes: axes.map((axis) => axis + 1) }),
  properties: { flops: () => 0 },
})

/**
 * The elements in reverse order along the axes (all by default).
 *
 * @param axes negative ones count from the end
 * @throws AxisError
 * @example flip(array([1, 2, 3])) // => [3, 2, 1]
 */
export const flip = (x: Tensor, axes?: Axes): Tensor => {
  const over = normalAxes('flip', x.aval, axes)
  return over.length === 0 ? x : bind1(flipPrimitive, [x], { axes: over })
}

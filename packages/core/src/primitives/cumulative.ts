/* Running sums, products, maxima. The sum is linear and a primitive; the others are compositions. */
import { stridesOf } from '../aval.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { abs, add, exp, log, maximum, mul, sub } from './arithmetic.js'
import { associativeScan } from './associativeScan.js'
import { axisLength, normalAxis } from './axes.js'
import { equal, where } from './choice.js'
import { checkKind } from './elementwise.js'
import { dataAttrs, definePrimitive, type Primitive } from './primitive.js'
import { stopGradient } from './stopGradient.js'

export interface CumulativeAttrs {
  readonly axis: number
  /** From the end. */
  readonly reverse: boolean
}

export const cumsumPrimitive: Primitive<CumulativeAttrs> = definePrimitive({
  name: 'cumsum',
  arity: 1,
  attrs: dataAttrs<CumulativeAttrs>('axis', 'reverse'),
  abstractEval: ([x]) => x,
  evaluate: ([x], { axis, reverse }, [y]) => {
    const n = axisLength(x.shape, axis)
    const step = stridesOf(x.shape)[axis] ?? 1
    for (let first = 0; first < x.data.length; first++) {
      if (Math.floor(first / step) % n !== 0) continue
      let total = 0
      for (let i = 0; i < n; i++) {
        const at = first + step * (reverse ? n - 1 - i : i)
        total = x.dtype === 'i32' ? (total + (x.data[at] ?? 0)) | 0 : total + (x.data[at] ?? 0)
        y.data[at] = total
      }
    }
  },
  jvp: [(dx, _x, _y, { axis, reverse }) => cumsum(dx, axis, { reverse })],
  transpose: [(ct, _, { axis, reverse }) => cumsum(ct, axis, { reverse: !reverse })],
  batch: ([x], _, { axis, reverse }) => cumsum(x, axis + 1, { reverse }),
  decompose: ([x], attrs) => associativeScan(add, x, attrs),
})

/** The direction of a running result. */
export interface CumulativeOptions {
  /** From the end of the axis to its start. */
  readonly reverse?: boolean
}

/**
 * Running sum along an axis: y_i = Σ_{j <= i} x_j (j >= i with `reverse`).
 *
 * @param axis the last by default; negative ones count from the end
 * @throws AxisError, DTypeError
 * @example cumsum(array([1, 2, 3])) // => [1, 3, 6]
 */
export const cumsum = (x: Tensor, axis = -1, options: CumulativeOptions = {}): Tensor => {
  checkKind('cumsum', 'numeric', x)
  const at = normalAxis('cumsum', x.aval, axis)
  return bind1(cumsumPrimitive, [x], { axis: at, reverse: options.reverse ?? false })
}

const running =
  (op: string, f: (before: Tensor, now: Tensor) => Tensor, kind: 'numeric' | 'floating') =>
  (x: Tensor, axis = -1, options: CumulativeOptions = {}): Tensor => {
    checkKind(op, kind, x)
    return associativeScan(f, x, { ...options, axis: normalAxis(op, x.aval, axis) })
  }

/**
 * Running product along an axis (the last by default). Its derivative is right where elements are zero, too.
 *
 * @throws AxisError, DTypeError
 * @example cumprod(array([1, 2, 3])) // => [1, 2, 6]
 */
export const cumprod = running('cumprod', mul, 'numeric')

/**
 * Running maximum along an axis (the last by default). A tie shares the derivative between the two it is found in.
 *
 * @throws AxisError, DTypeError
 * @example cummax(array([1, 3, 2])) // => [1, 3, 3]
 */
export const cummax = running('cummax', maximum, 'numeric')

/** log(e^a + e^b); the larger one is taken out, unless it is infinite. */
const logAddExp = (a: Tensor, b: Tensor): Tensor => {
  const top = stopGradient(maximum(a, b))
  const shift = where(equal(abs(top), Number.POSITIVE_INFINITY), 0, top)
  const total = add(exp(sub(a, shift)), exp(sub(b, shift)))
  const nothing = equal(total, 0) // of -inf and -inf: -inf, with the derivative 0
  return add(where(nothing, Number.NEGATIVE_INFINITY, log(where(nothing, 1, total))), shift)
}

/**
 * Running `log Σ e^x` along an axis (the last by default), without overflow.
 *
 * @throws AxisError, DTypeError
 * @example logCumsumExp(array([0, 0])) // => [0, 0.6931471824645996]
 */
export const logCumsumExp = running('logCumsumExp', logAddExp, 'floating')

/*
 * Convolution (the cross-correlation that networks call so), of any number of spatial axes.
 * Letters: x [n, groups·c, ...lengths], w [o, c, ...kernel], y [n, o, ...places]; o is a multiple of groups.
 *
 * The primitive takes no padding: `pad` goes before it. It is linear in each operand, and both transposes are
 * convolutions again: of the cotangent, spread by the strides, with the flipped kernel; and of x with the cotangent as
 * kernel, with strides and dilation exchanged.
 */
import { type Aval, aval, printAval, range, type Shape, sizeOf, stridesOf } from '../aval.js'
import { ArgumentError, ShapeError } from '../errors.js'
import type { HostArray } from '../ir/ir.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { add } from './arithmetic.js'
import { broadcastTo, reshape, transpose, zeros } from './broadcast.js'
import { dotGeneral } from './contraction.js'
import { checkKind } from './elementwise.js'
import { flip } from './flip.js'
import { dataAttrs, definePrimitive, type Primitive } from './primitive.js'
import { pad, slice } from './sequence.js'

/** Settings of a convolution that stay when padding is done: one stride and one dilation per spatial axis, and the groups. */
/** The settings of a convolution, with one entry per spatial axis. */
export interface ConvolutionAttrs {
  /** Steps of the kernel over x, for each spatial axis. */
  readonly strides: readonly number[]
  /** Distance of the kernel's elements, for each spatial axis. */
  readonly dilation: readonly number[]
  readonly groups: number
}

/** Number of places of a kernel of size k: those where all of it lies within the length. */
const places = (length: number, k: number, stride: number, dilation: number): number => {
  const span = k === 0 ? 0 : (k - 1) * dilation + 1
  return length < span ? 0 : Math.floor((length - span) / stride) + 1
}

const spatial = ([, , ...lengths]: Shape): Shape => lengths

const resultShape = (x: Shape, w: Shape, { strides, dilation }: ConvolutionAttrs): Shape => [
  x[0] ?? 0,
  w[0] ?? 0,
  ...spatial(x).map((length, i) => places(length, spatial(w)[i] ?? 0, strides[i] ?? 1, dilation[i] ?? 1)),
]

/** All indices of a shape, as their distances from the start in each of several layouts. */
const offsets = (shape: Shape, steps: readonly number[]): readonly number[] =>
  shape.reduce<readonly number[]>(
    (all, length, axis) => all.flatMap((at) => range(length).map((i) => at + i * (steps[axis] ?? 0))),
    [0],
  )

const evaluate = ([x, w]: readonly [HostArray, HostArray], attrs: ConvolutionAttrs, y: HostArray): void => {
  const { strides, dilation, groups } = attrs
  const [xSteps, wSteps, ySteps] = [x, w, y].map((a) => stridesOf(a.shape))
  if (xSteps === undefined || wSteps === undefined || ySteps === undefined) return
  const [n = 0, o = 0] = y.shape
  const c = w.shape[1] ?? 0
  const at = offsets(
    spatial(y.shape),
    spatial(xSteps).map((step, i) => step * (strides[i] ?? 1)),
  )
  const taps = offsets(
    spatial(w.shape),
    spatial(xSteps).map((step, i) => step * (dilation[i] ?? 1)),
  )
  const [xRow, xChannel, wRow, wChannel, yRow, yChannel] = [xSteps, wSteps, ySteps].flatMap(([a = 0, b = 0]) => [a, b])
  for (let row = 0; row < n; row++) {
    for (let out = 0; out < o; out++) {
      const group = Math.floor(out / (o / groups))
      for (const [place, first] of at.entries()) {
        let total = 0
        for (let channel = 0; channel < c; channel++) {
          const from = row * (xRow ?? 0) + (group * c + channel) * (xChannel ?? 0) + first
          const kernel = out * (wRow ?? 0) + channel * (wChannel ?? 0)
          for (const [tap, step] of taps.entries()) total += (x.data[from + step] ?? 0) * (w.data[kernel + tap] ?? 0)
        }
        y.data[row * (yRow ?? 0) + out * (yChannel ?? 0) + place] = total
      }
    }
  }
}

/** [groups·a, b, ...] -> [groups·b, a, ...] */
const swapWithinGroups = (x: Tensor, groups: number): Tensor => {
  const [first = 0, b = 0, ...rest] = x.shape
  const a = first / groups
  const apart = reshape(x, [groups, a, b, ...rest])
  return reshape(transpose(apart, [0, 2, 1, ...rest.map((_, i) => i + 3)]), [groups * b, a, ...rest])
}

const bindConvolution = (x: Tensor, w: Tensor, attrs: ConvolutionAttrs): Tensor =>
  bind1(convolutionPrimitive, [x, w], attrs)

/** x̄: the cotangent spread by the strides, padded so that every tap meets it, with the kernel flipped. */
const transposeX = (ct: Tensor, x: Aval, w: Tensor, { strides, dilation, groups }: ConvolutionAttrs): Tensor => {
  const axes = spatial(x.shape).map((length, i) => {
    const reach = ((spatial(w.shape)[i] ?? 1) - 1) * (dilation[i] ?? 1)
    const count = spatial(ct.shape)[i] ?? 0
    const spread = count === 0 ? 0 : (count - 1) * (strides[i] ?? 1) + 1
    return { reach, left: length - spread - reach, gap: (strides[i] ?? 1) - 1 }
  })
  const wide = pad(
    ct,
    [0, 0, ...axes.map(({ reach }) => reach)],
    [0, 0, ...axes.map(({ reach, left }) => reach + left)],
    [0, 0, ...axes.map(({ gap }) => gap)],
  )
  const kernel = flip(swapWithinGroups(w, groups), range(w.rank - 2, 2))
  return bindConvolution(wide, kernel, { strides: strides.map(() => 1), dilation, groups })
}

/** w̄: x with its examples as channels, and the cotangent as the kernel. */
const transposeW = (ct: Tensor, x: Tensor, w: Aval, { strides, dilation, groups }: ConvolutionAttrs): Tensor => {
  const [n = 0, channels = 0, ...lengths] = x.shape
  const [, o = 0, ...outs] = ct.shape
  if (sizeOf(ct.shape) === 0) return zeros(w.shape, w.dtype)
  const c = channels / groups
  // [n, groups·c, ...] -> [c, groups·n, ...]; [n, o, ...] -> [o, n, ...]
  const grouped = reshape(x, [n, groups, c, ...lengths])
  const byChannel = reshape(transpose(grouped, [2, 1, 0, ...lengths.map((_, i) => i + 3)]), [c, groups * n, ...lengths])
  const kernel = transpose(ct, [1, 0, ...outs.map((_, i) => i + 2)])
  const wide = bindConvolution(byChannel, kernel, { strides: dilation, dilation: strides, groups })
  // what lies beyond the last place that a stride reaches is no tap
  const cut = slice(
    wide,
    wide.shape.map(() => 0),
    [c, o, ...spatial(w.shape)],
  )
  return transpose(cut, [1, 0, ...outs.map((_, i) => i + 2)])
}

export const convolutionPrimitive: Primitive<ConvolutionAttrs> = definePrimitive({
  name: 'convolution',
  arity: 2,
  attrs: dataAttrs<ConvolutionAttrs>('strides', 'dilation', 'groups'),
  abstractEval: ([x, w], attrs) => aval(resultShape(x.shape, w.shape, attrs), x.dtype),
  evaluate: (operands, attrs, [y]) => evaluate(operands, attrs, y),
  jvp: [(dx, [, w], _, attrs) => bindConvolution(dx, w, attrs), (dw, [x], _, attrs) => bindConvolution(x, dw, attrs)],
  transpose: [
    (ct, [x, w], attrs) => transposeX(ct, x.aval, w, attrs),
    (ct, [x, w], attrs) => transposeW(ct, x, w.aval, attrs),
  ],
  batch: ([x, w], [xMapped, wMapped], attrs, size) => {
    if (xMapped && !wMapped) {
      // more examples
      const [, n = 0, ...rest] = x.shape
      const y = bindConvolution(reshape(x, [size * n, ...rest]), w, attrs)
      return reshape(y, [size, n, ...y.shape.slice(1)])
    }
    // more groups: each example has its own kernel
    const xs = xMapped ? x : broadcastTo(x, [size, ...x.shape])
    const ws = wMapped ? w : broadcastTo(w, [size, ...w.shape])
    const [, n = 0, channels = 0, ...lengths] = xs.shape
    const [, o = 0, ...kernel] = ws.shape
    const side = transpose(xs, [1, 0, 2, ...lengths.map((_, i) => i + 3)])
    const y = bindConvolution(reshape(side, [n, size * channels, ...lengths]), reshape(ws, [size * o, ...kernel]), {
      ...attrs,
      groups: size * attrs.groups,
    })
    const apart = reshape(y, [n, size, o, ...spatial(y.shape)])
    return transpose(apart, [1, 0, 2, ...spatial(y.shape).map((_, i) => i + 3)])
  },
  // one product for each element of the kernel, on the elements of x that meet it
  decompose: ([x, w], attrs) => {
    const { strides, dilation, groups } = attrs
    const [n = 0, o = 0, ...outs] = resultShape(x.shape, w.shape, attrs)
    const c = w.shape[1] ?? 0
    const kernel = reshape(w, [groups, o / groups, c, ...spatial(w.shape)])
    const taps = offsets(spatial(w.shape), stridesOf(spatial(w.shape)))
    const products = taps.map((tap) => {
      const place = stridesOf(spatial(w.shape)).map((step, i) => Math.floor(tap / step) % (spatial(w.shape)[i] ?? 1))
      const starts = place.map((k, i) => k * (dilation[i] ?? 1))
      const met = slice(
        x,
        [0, 0, ...starts],
        [n, groups * c, ...outs.map((count, i) => (starts[i] ?? 0) + Math.max(0, (count - 1) * (strides[i] ?? 1) + 1))],
        [1, 1, ...strides],
      )
      const element = slice(kernel, [0, 0, 0, ...place], [groups, o / groups, c, ...place.map((k) => k + 1)])
      // [groups, n, c, ...outs] and [groups, o / groups, c] -> [groups, n, ...outs, o / groups]
      return dotGeneral(reshape(met, [n, groups, c, ...outs]), reshape(element, [groups, o / groups, c]), {
        contract: [[2], [2]],
        batch: [[1], [0]],
      })
    })
    const [first, ...rest] = products
    if (first === undefined || sizeOf(outs) === 0) return zeros([n, o, ...outs], x.dtype)
    const total = rest.reduce(add, first)
    const ordered = transpose(total, [1, 0, outs.length + 2, ...outs.map((_, i) => i + 2)])
    return reshape(ordered, [n, o, ...outs])
  },
  properties: {
    contraction: true,
    flops: ([, w], [y]) => (w === undefined || y === undefined ? 0 : 2 * sizeOf(y.shape) * sizeOf(w.shape.slice(1))),
  },
})

/** How a kernel moves over its spatial axes; a number stands for all of them. */
export interface ConvolutionOptions {
  /** Steps of the kernel; 1 by default. */
  readonly strides?: number | readonly number[]
  /** Zeros before and behind each spatial axis; `'same'`: as many as keep the lengths with strides of 1. 0 by default. */
  readonly padding?: 'same' | number | readonly (number | readonly [low: number, high: number])[]
  /** Distance of the kernel's elements; 1 by default. */
  readonly dilation?: number | readonly number[]
  /** Channels and results fall into so many groups that do not see each other; 1 by default. */
  readonly groups?: number
}

/** One whole number for each spatial axis, each at least `least`. */
export const perAxis = (
  op: string,
  name: string,
  given: number | readonly number[] | undefined,
  standard: readonly number[],
  least: number,
): readonly number[] => {
  const list = given === undefined ? standard : typeof given === 'number' ? standard.map(() => given) : given
  if (list.length === standard.length && list.every((n) => Number.isInteger(n) && n >= least)) return list
  throw new ArgumentError({
    op,
    expected: `${name} must be a whole number from ${least} on, or one for each of the ${standard.length} spatial axes.`,
    received: `${name} ${JSON.stringify(given)}`,
    todo: 'give one number for all axes, or a list',
  })
}

const paddingOf = (
  op: string,
  padding: ConvolutionOptions['padding'],
  spans: readonly number[],
): readonly (readonly [number, number])[] => {
  if (padding === 'same') return spans.map((span) => [Math.floor((span - 1) / 2), Math.ceil((span - 1) / 2)])
  const pairs = Array.isArray(padding)
    ? (padding as readonly (number | readonly [number, number])[])
    : spans.map(() => (padding as number | undefined) ?? 0)
  const list = pairs.map((pair): readonly [number, number] => (typeof pair === 'number' ? [pair, pair] : pair))
  if (list.length === spans.length && list.every((pair) => pair.every((n) => Number.isInteger(n) && n >= 0)))
    return list
  throw new ArgumentError({
    op,
    expected: `padding must be 'same', a whole number from 0 on, or one or two for each of the ${spans.length} spatial axes.`,
    received: `padding ${JSON.stringify(padding)}`,
    todo: 'use slice to cut',
  })
}

/**
 * Convolution as networks use the word, over any number of spatial axes:
 *
 * y[n, o, p] = Σ_{c, k} x[n, c, p·stride + k·dilation - low] w[o, c, k], zero outside of x
 *
 * With groups, result o of group g sees that group's channels only.
 *
 * @param x [n, channels, ...lengths]
 * @param w [o, channels / groups, ...kernel]
 * @returns [n, o, ...places]
 * @throws ShapeError, DTypeError, ArgumentError
 * @see PyTorch's conv1d, conv2d, conv3d; jax.lax.conv_general_dilated
 * @example convolution(array([[[1, 2, 3, 4]]]), array([[[1, 1]]])) // => [[[3, 5, 7]]]
 */
export const convolution = (x: Tensor, w: Tensor, options: ConvolutionOptions = {}): Tensor => {
  const op = 'convolution'
  checkKind(op, 'floating', x)
  checkKind(op, 'floating', w, 'w')
  const { groups = 1 } = options
  const channels = x.shape[1] ?? 0
  const fits =
    x.rank >= 3 &&
    w.rank === x.rank &&
    Number.isInteger(groups) &&
    groups >= 1 &&
    channels === (w.shape[1] ?? 0) * groups &&
    (w.shape[0] ?? 0) % groups === 0
  if (!fits || x.dtype !== w.dtype) {
    throw new ShapeError({
      op,
      expected:
        'x must be [n, channels, ...lengths] and w [o, channels / groups, ...kernel], of one dtype, o a multiple of groups.',
      received: `x ${printAval(x.aval)}, w ${printAval(w.aval)}, groups ${groups}`,
      todo: 'check the order of axes: channels come before the lengths',
    })
  }
  const ones = spatial(w.shape).map(() => 1)
  const dilation = perAxis(op, 'dilation', options.dilation, ones, 1)
  const strides = perAxis(op, 'strides', options.strides, ones, 1)
  const spans = spatial(w.shape).map((k, i) => (k - 1) * (dilation[i] ?? 1) + 1)
  const around = paddingOf(op, options.padding, spans)
  const padded = pad(x, [0, 0, ...around.map(([low]) => low)], [0, 0, ...around.map(([, high]) => high)])
  return bindConvolution(padded, w, { strides, dilation, groups })
}

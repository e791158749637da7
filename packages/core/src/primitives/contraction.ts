/* Products summed over axes. Letters: x lhs, y rhs, ct cotangent; result axes: batch, free of x, free of y. */
import { aval, printAval, range, type Shape, sizeOf, stridesOf } from '../aval.js'
import { DTypeError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { axisLength, normalAxis } from './axes.js'
import { broadcastTo, moveAxis, reshape, transpose } from './broadcast.js'
import { checkKind } from './elementwise.js'
import { dataAttrs, definePrimitive, type HostArray } from './primitive.js'
import { eachIndex } from './strided.js'

/** Which axes are paired: contracted (summed over), and batch (kept, in front). First list lhs, second rhs. */
export interface DotAxes {
  readonly contract: readonly [readonly number[], readonly number[]]
  readonly batch: readonly [readonly number[], readonly number[]]
}

const others = (rank: number, used: readonly number[]): number[] => range(rank).filter((axis) => !used.includes(axis))

/** Axes of each side by role, and the sizes of the product [b, m, k] x [b, k, n]. */
export const dotPlan = (x: Shape, y: Shape, { contract, batch }: DotAxes) => {
  const free: readonly [number[], number[]] = [
    others(x.length, [...contract[0], ...batch[0]]),
    others(y.length, [...contract[1], ...batch[1]]),
  ]
  const size = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => axisLength(shape, axis)))
  return { free, b: size(x, batch[0]), m: size(x, free[0]), k: size(x, contract[0]), n: size(y, free[1]) }
}

/** Elements of one side as a dense [b, rows, columns] block in f64. */
const gathered = (x: HostArray, axes: readonly number[]): Float64Array => {
  const block = new Float64Array(x.data.length)
  if (axes.every((axis, i) => axis === i)) {
    block.set(x.data)
    return block
  }
  const strides = stridesOf(x.shape)
  eachIndex(
    axes.map((axis) => axisLength(x.shape, axis)),
    axes.map((axis) => strides[axis] ?? 0),
    (to, at) => {
      block[to] = x.data[at] ?? 0
    },
  )
  return block
}

/** Inverse of a sort: the axes of `order` as they come out when the remaining axes are listed in increasing order. */
const layout = (axes: readonly number[]): number[] => range(axes.length).map((axis) => axes.indexOf(axis))

export const dotGeneralPrimitive = definePrimitive({
  name: 'dotGeneral',
  arity: 2,
  attrs: dataAttrs<DotAxes>('contract', 'batch'),
  abstractEval: ([x, y], axes) => {
    const { free } = dotPlan(x.shape, y.shape, axes)
    return aval(
      [
        ...axes.batch[0].map((axis) => axisLength(x.shape, axis)),
        ...free[0].map((axis) => axisLength(x.shape, axis)),
        ...free[1].map((axis) => axisLength(y.shape, axis)),
      ],
      x.dtype,
    )
  },
  evaluate: ([x, y], axes, [z]) => {
    const { free, b, m, k, n } = dotPlan(x.shape, y.shape, axes)
    const left = gathered(x, [...axes.batch[0], ...free[0], ...axes.contract[0]])
    const right = gathered(y, [...axes.batch[1], ...axes.contract[1], ...free[1]])
    const row = new Float64Array(n) // sums in f64, rounded once
    for (let i = 0; i < b * m; i++) {
      row.fill(0)
      const first = Math.floor(i / m) * k * n
      for (let j = 0; j < k; j++) {
        const factor = left[i * k + j] ?? 0
        const at = first + j * n
        for (let c = 0; c < n; c++) row[c] = (row[c] ?? 0) + factor * (right[at + c] ?? 0)
      }
      z.data.set(row, i * n)
    }
  },
  jvp: [(dx, [_, y], _z, axes) => dotGeneral(dx, y, axes), (dy, [x], _z, axes) => dotGeneral(x, dy, axes)],
  transpose: [
    // x̄ = ct · y over y's free axes: axes come out as batch, free of x, then y's contracted axes in increasing order
    (ct, [x, y], { contract, batch }) => {
      const { free } = dotPlan(x.shape, y.shape, { contract, batch })
      const nb = batch[0].length
      const product = dotGeneral(ct, y, {
        contract: [range(free[1].length, nb + free[0].length), free[1]],
        batch: [range(nb), batch[1]],
      })
      const byY = [...contract[1]].sort((a, b) => a - b).map((axis) => contract[0][contract[1].indexOf(axis)] ?? 0)
      return transpose(product, layout([...batch[0], ...free[0], ...byY]))
    },
    (ct, [x, y], { contract, batch }) => {
      const { free } = dotPlan(x.shape, y.shape, { contract, batch })
      const nb = batch[0].length
      const product = dotGeneral(ct, x, {
        contract: [range(free[0].length, nb), free[0]],
        batch: [range(nb), batch[0]],
      })
      const byX = [...contract[0]].sort((a, b) => a - b).map((axis) => contract[1][contract[0].indexOf(axis)] ?? 0)
      return transpose(product, layout([...batch[1], ...free[1], ...byX]))
    },
  ],
  batch: ([x, y], [xMapped, yMapped], axes) => {
    const up = (list: readonly number[], mapped: boolean): readonly number[] =>
      mapped ? list.map((axis) => axis + 1) : list
    const contract = [up(axes.contract[0], xMapped), up(axes.contract[1], yMapped)] as const
    const batch = [up(axes.batch[0], xMapped), up(axes.batch[1], yMapped)] as const
    if (xMapped && yMapped)
      return dotGeneral(x, y, {
        contract,
        batch: [
          [0, ...batch[0]],
          [0, ...batch[1]],
        ],
      })
    // the mapped axis is the first free one of its side
    const nb = batch[0].length
    const at = xMapped ? nb : nb + x.rank - nb - contract[0].length
    return moveAxis(dotGeneral(x, y, { contract, batch }), at, 0)
  },
  properties: {
    contraction: true,
    flops: ([x, y], _, axes) => {
      if (x === undefined || y === undefined) return 0
      const { b, m, k, n } = dotPlan(x.shape, y.shape, axes)
      return 2 * b * m * k * n
    },
  },
})

/** Both numeric, of one dtype. */
export const checkPair = (op: string, x: Tensor, y: Tensor): void => {
  checkKind(op, 'numeric', x, 'lhs')
  checkKind(op, 'numeric', y, 'rhs')
  if (x.dtype !== y.dtype) {
    throw new DTypeError({
      op,
      expected: 'both operands must have the same dtype.',
      received: `lhs ${printAval(x.aval)}, rhs ${printAval(y.aval)}`,
      todo: 'cast one of them; nothing is promoted by itself',
    })
  }
}

/**
 * Sum of products over paired axes, with batch axes: everything a matrix product can be.
 * Result axes: the batch axes, then x's free ones, then y's.
 *
 * @throws ShapeError if paired axes differ in length, AxisError, DTypeError
 * @example dotGeneral(array([[1, 2]]), array([[3], [4]]), { contract: [[1], [0]], batch: [[], []] }) // => [[11]]
 */
export const dotGeneral = (x: Tensor, y: Tensor, axes: DotAxes): Tensor => {
  checkPair('dotGeneral', x, y)
  const normal = (t: Tensor, list: readonly number[]): number[] =>
    list.map((axis) => normalAxis('dotGeneral', t.aval, axis))
  const contract = [normal(x, axes.contract[0]), normal(y, axes.contract[1])] as const
  const batch = [normal(x, axes.batch[0]), normal(y, axes.batch[1])] as const
  for (const [left, right] of [contract, batch]) {
    for (const [i, axis] of left.entries()) {
      const other = right[i]
      if (left.length !== right.length || other === undefined || x.shape[axis] !== y.shape[other]) {
        throw new ShapeError({
          op: 'dotGeneral',
          expected: 'paired axes must have the same length.',
          received: `lhs ${printAval(x.aval)} axes [${left.join(',')}], rhs ${printAval(y.aval)} axes [${right.join(',')}]`,
          todo: 'transpose an operand, or name other axes',
        })
      }
    }
  }
  return bind1(dotGeneralPrimitive, [x, y], { contract, batch })
}

/**
 * Matrix product, with NumPy's rules: x [...b, m, k], y [...b, k, n] -> [...b, m, n]; a vector counts as one row
 * (left) or one column (right), and that axis is dropped from the result.
 *
 * @throws ShapeError if the inner lengths differ, DTypeError
 * @example matmul(array([[1, 2]]), array([[3], [4]])) // => [[11]]
 */
export const matmul = (x: Tensor, y: Tensor): Tensor => {
  checkPair('matmul', x, y)
  const inner = y.rank === 1 ? y.shape[0] : y.shape[y.rank - 2]
  if (x.rank === 0 || y.rank === 0 || x.shape[x.rank - 1] !== inner) {
    throw new ShapeError({
      op: 'matmul',
      expected: 'the last axis of lhs must equal the last but one (the only one of a vector) of rhs.',
      received: `lhs ${printAval(x.aval)}, rhs ${printAval(y.aval)}`,
      todo: "transpose an operand, or check the layer's width",
    })
  }
  if (x.rank <= 2 || y.rank <= 2) {
    const free = y.rank - (y.rank === 1 ? 1 : 2)
    const z = dotGeneral(x, y, { contract: [[x.rank - 1], [free]], batch: [[], []] })
    // with a batched rhs its batch axes come out behind lhs' row axis
    return x.rank === 2 && y.rank > 2 ? moveAxis(z, 0, -2) : z
  }
  const shape = broadcastShape(x, y)
  const fits = (t: Tensor): boolean => t.shape.slice(0, -2).every((n, i) => n === 1 || n === shape.at(i - t.rank + 2))
  if (!fits(x) || !fits(y)) {
    throw new ShapeError({
      op: 'matmul',
      expected: 'batch axes, counted from the last, must be equal or 1.',
      received: `lhs ${printAval(x.aval)}, rhs ${printAval(y.aval)}`,
      todo: 'add axes of length 1 with expandDims, or transpose one of them',
    })
  }
  const [a, b] = [x, y].map((t) => broadcastTo(t, [...shape, ...t.shape.slice(-2)]))
  if (a === undefined || b === undefined) throw new Error('unreachable')
  const batch = range(shape.length)
  return dotGeneral(a, b, { contract: [[a.rank - 1], [b.rank - 2]], batch: [batch, batch] })
}

const broadcastShape = (x: Tensor, y: Tensor): number[] => {
  const [a, b] = [x.shape.slice(0, -2), y.shape.slice(0, -2)]
  const rank = Math.max(a.length, b.length)
  const at = (s: Shape, i: number): number => s[i - rank + s.length] ?? 1
  return range(rank).map((i) => (at(a, i) === 1 ? at(b, i) : at(a, i)))
}

/**
 * x yᵀ of two vectors: [m], [n] -> [m, n].
 *
 * @example outer(array([1, 2]), array([3, 4])) // => [[3, 4], [6, 8]]
 */
export const outer = (x: Tensor, y: Tensor): Tensor =>
  dotGeneral(reshape(x, [x.size, 1]), reshape(y, [1, y.size]), { contract: [[1], [0]], batch: [[], []] })

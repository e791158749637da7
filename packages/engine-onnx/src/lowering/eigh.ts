/*
 * Symmetric eigenproblems by parallel Jacobi, in f64, with as few operators a round as possible: what is linear in a
 * round (picking the entries that an angle depends on, laying cosines and sines out as a rotation) is one product with
 * a constant. Letters: s the matrix, v its vectors by columns, n the side, m = n / 2 pairs (i, i + m).
 * Source: Brent and Luk, SIAM J. Sci. Stat. Comput. 6 (1985), the round-robin ordering.
 */
import {
  type AttrsOf,
  type Equation,
  jacobiLimit,
  jacobiSweeps,
  range,
  roundRobin,
  type Shape,
  sizeOf,
} from '@cotangent/core'
import type { Builder } from '../builder.js'
import { whole } from '../materialise.js'
import { elementTypes } from '../onnx/model.js'
import { stored, type Value } from '../value.js'
import { type Lowering, lower1 } from './lowering.js'

/** Whether a side is small enough. */
export const hasSmallSide = ({ inputs: [a] }: Equation): boolean =>
  a !== undefined && (a.aval.shape[a.aval.shape.length - 1] ?? 0) <= jacobiLimit && sizeOf(a.aval.shape) > 0

const f64 = 'f64'

/** [n², 2m]: the entries of s to (q - p) and 2r of each pair, [[p, r], [r, q]] its part of s. */
const anglesTable = (builder: Builder, n: number): string => {
  const m = n / 2
  const table = new Float64Array(n * n * n)
  for (const i of range(m)) {
    const [p, q, r] = [i * n + i, (i + m) * n + i + m, i * n + i + m]
    table[p * n + i] = -1
    table[q * n + i] = 1
    table[r * n + m + i] = 2
  }
  return builder.constant(table, [n * n, n], f64)
}

/** [2m, n²]: cosines and sines to the entries of (rotation · permutation). */
const rotationTable = (builder: Builder, n: number): string => {
  const m = n / 2
  const table = new Float64Array(n * n * n)
  for (const row of range(n)) {
    for (const [to, column] of roundRobin(n).entries()) {
      if (row % m !== column % m) continue
      const entry = row * n + to
      if (row === column) table[(row % m) * n * n + entry] = 1
      else table[(m + (row % m)) * n * n + entry] = row < column ? 1 : -1
    }
  }
  return builder.constant(table, [n, n * n], f64)
}

const transposedProduct = (builder: Builder, a: string, b: string): string =>
  builder.node('FusedMatMul', [a, b], { transA: { int: 1 } }, 'com.microsoft')

/**
 * The rounds on a batch [b, n, n], n even: diagonalised s, and v.
 *
 * With g = (q - p, 2r), h = |g|: the rotation's (cosine, sine) is g + (±h, 0) at length 1, the sign that of q - p. Both
 * may come out negated, which turns a vector round and changes nothing else.
 */
const rounds = (builder: Builder, start: string, b: number, n: number): readonly [s: string, v: string] => {
  const m = n / 2
  const [angles, rotations] = [anglesTable(builder, n), rotationTable(builder, n)]
  // the first component is moved off 0, so that its sign and the length exist; below the rounding of any other value
  const tiny = builder.constant([1e-150, 0], [2, 1], f64)
  const first = builder.constant([1, 0], [2, 1], f64)
  const pair = builder.ints([1])
  const length = (x: string): string => builder.node('ReduceL2', [x, pair], { keepdims: { int: 1 } })
  const identity = Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0))
  let s = start
  let v = builder.constant(identity, [1, n, n], f64)
  for (const round of range(jacobiSweeps(n) * Math.max(1, n - 1))) {
    const picked = builder.node('MatMul', [builder.reshaped(s, [b, n, n], [b, n * n]), angles])
    const g = builder.node('Add', [builder.reshaped(picked, [b, n], [b, 2, m]), tiny])
    const h = builder.node('Mul', [length(g), first])
    const turned = builder.node('Add', [g, builder.node('Mul', [builder.node('Sign', [g]), h])])
    const unit = builder.node('Div', [turned, length(turned)])
    const entries = builder.node('MatMul', [builder.reshaped(unit, [b, 2, m], [b, n]), rotations])
    const rotation = builder.reshaped(entries, [b, n * n], [b, n, n])
    s = transposedProduct(builder, rotation, builder.node('MatMul', [s, rotation]))
    v = round === 0 ? rotation : builder.node('MatMul', [v, rotation])
  }
  return [s, v]
}

const castTo = (builder: Builder, name: string, from: Value['aval']['dtype'], to: Value['aval']['dtype']): string =>
  from === to ? name : builder.node('Cast', [name], { to: { int: elementTypes[to] } })

/** The largest magnitude of each matrix, [b, 1, 1], or 1 for a matrix of zeros: divided by it, no square overflows. */
const scaleOf = (builder: Builder, x: string): string => {
  const largest = builder.node('ReduceMax', [builder.node('Abs', [x]), builder.ints([1, 2])], { keepdims: { int: 1 } })
  const zero = builder.node('Equal', [largest, builder.scalar(0, f64)])
  return builder.node('Where', [zero, builder.scalar(1, f64), largest])
}

/** The front [n, n] of matrices of side `even`. */
const front = (builder: Builder, x: string, n: number, even: number): string =>
  n === even ? x : builder.node('Slice', [x, builder.ints([0, 0]), builder.ints([n, n]), builder.ints([1, 2])])

/** A last row and column of zeros where the side is odd: they rotate with nothing. */
const evened = (builder: Builder, x: string, n: number): string =>
  n % 2 === 0 ? x : builder.node('Pad', [x, builder.ints([0, 0, 0, 0, 1, 1])])

export const eigh: Lowering<AttrsOf<'eigh'>> = lower1((x, _, { builder, results }) => {
  const [wAval, vAval] = results
  if (wAval === undefined || vAval === undefined) throw new Error('eigh has two results')
  const { shape, dtype } = x.aval
  const n = shape[shape.length - 1] ?? 1
  const b = sizeOf(shape) / (n * n)
  const batch: Shape = [b, n, n]
  const even = n + (n % 2)
  const given = castTo(builder, builder.reshaped(whole(builder, x), shape, batch), dtype, f64)
  const scale = scaleOf(builder, given)
  const [s, v] = rounds(builder, evened(builder, builder.node('Div', [given, scale]), n), b, even)
  const diagonal = builder.node('MatMul', [
    builder.reshaped(front(builder, s, n, even), batch, [b, n * n]),
    builder.constant(
      Float64Array.from({ length: n ** 3 }, (_, i) => Number(Math.floor(i / n) === (i % n) * (n + 1))),
      [n * n, n],
      f64,
    ),
  ])
  const unscaled = builder.node('Mul', [diagonal, builder.reshaped(scale, [b, 1, 1], [b, 1])])
  // ascending, and the vectors in the same order
  const [w = '', order = ''] = builder.nodes('TopK', [unscaled, builder.ints([n])], {
    attributes: { largest: { int: 0 }, axis: { int: -1 } },
    results: 2,
  })
  const columns = builder.node('Expand', [builder.node('Unsqueeze', [order, builder.ints([1])]), builder.ints(batch)])
  const vectors = builder.node('GatherElements', [front(builder, v, n, even), columns], { axis: { int: 2 } })
  return [
    stored(builder.reshaped(castTo(builder, w, f64, dtype), [b, n], wAval.shape), wAval),
    stored(builder.reshaped(castTo(builder, vectors, f64, dtype), batch, vAval.shape), vAval),
  ]
})

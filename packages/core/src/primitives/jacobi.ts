/*
 * eigh as a composition: parallel Jacobi. Each round rotates n/2 disjoint pairs (i, i + m), m = n/2, at once, then
 * permutes rows and columns so that after n - 1 rounds every pair has met once and all are back at their places.
 * Source: Brent and Luk, SIAM J. Sci. Stat. Comput. 6 (1985), the round-robin ordering.
 */
import { range } from '../aval.js'
import { array, type Tensor } from '../tensor.js'
import { abs, add, div, mul, neg, rsqrt, sqrt, sub } from './arithmetic.js'
import { axisLength } from './axes.js'
import { broadcastTo, expandDims, reshape } from './broadcast.js'
import { cast, equal, greater, less, logicalAnd, logicalOr, where } from './choice.js'
import { constant } from './constant.js'
import { matmul } from './contraction.js'
import { oneHot, take } from './indexing.js'
import { eye, matrixTranspose } from './matrix.js'
import { max, sum } from './reduction.js'
import { concat, iota, pad, slice } from './sequence.js'

/** Largest side for which the composition is used; beyond it the number of rounds is too large for a program. */
export const jacobiLimit = 32

/**
 * Sweeps until every eigenvalue is right to 1e-10 of the largest: the most that any of random, clustered, decaying,
 * rank-deficient and repeated spectra needed (measured; one rotation does for a matrix of side 2).
 */
export const jacobiSweeps = (n: number): number =>
  n <= 2 ? 1 : n <= 4 ? 4 : n <= 6 ? 5 : n <= 9 ? 6 : n <= 12 ? 7 : n <= 16 ? 9 : 10

/** Place j after a round holds what was at `roundRobin(n)[j]`: place 0 stays, the others go round. */
export const roundRobin = (n: number): number[] => {
  const m = n / 2
  if (m === 1) return [0, 1]
  const top = range(m).map((i) => (i === 0 ? 0 : i === 1 ? m : i - 1))
  const bottom = range(m).map((i) => (i === m - 1 ? m - 1 : m + i + 1))
  return [...top, ...bottom]
}

const table = (values: readonly (number | readonly number[])[]): Tensor => constant(array(values, 'i32'))

/** Where the entries of (rotation · permutation) lie in the vector [cos (m), sin (m), -sin (m), 0]. */
const rotationTable = (n: number): Tensor => {
  const m = n / 2
  const order = roundRobin(n)
  const entry = (row: number, column: number): number => {
    const [i, j] = [row % m, column % m]
    if (i !== j) return 3 * m
    if (row === column) return i
    return row < column ? m + i : 2 * m + i
  }
  return table(range(n).map((row) => order.map((column) => entry(row, column))))
}

/** Symmetric a [...b, n, n] -> eigenvalues ascending [...b, n], vectors by columns [...b, n, n]. */
export const jacobiEigh = (a: Tensor): readonly [Tensor, Tensor] => {
  const n = axisLength(a.shape, a.rank - 1)
  const lead = a.shape.slice(0, -2)
  const even = n + (n % 2)
  const m = even / 2
  const margin = [...lead.map(() => 0), even - n, even - n]
  // scaled to 1, so that no square overflows or vanishes in f32
  const largest = max(abs(a), [-2, -1], { keepDims: true })
  const scale = where(greater(largest, 0), largest, 1)
  const start = pad(
    div(a, scale),
    margin.map(() => 0),
    margin,
  )
  const diagonal = (first: number, step: number): Tensor => table(range(m).map((i) => first + i * (even + 1) + step))
  const places = { p: diagonal(0, 0), q: diagonal(m * (even + 1), 0), r: diagonal(0, m) }
  const entries = rotationTable(even)
  const zero = broadcastTo(cast(constant(array([0])), a.dtype), [...lead, 1])

  const round = ([s, v]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] => {
    const flat = reshape(s, [...lead, even * even])
    const [p, q, r] = [places.p, places.q, places.r].map((at) => take(flat, at, -1))
    if (p === undefined || q === undefined || r === undefined) throw new Error('unreachable')
    // t = tan θ, the smaller root of t² + 2 t (q - p) / (2 r) - 1 = 0
    const gap = sub(q, p)
    const twice = add(r, r)
    const root = sqrt(add(mul(gap, gap), mul(twice, twice)))
    const t = div(where(less(gap, 0), neg(twice), twice), add(add(abs(gap), root), smallest(a.dtype)))
    const cosine = rsqrt(add(mul(t, t), 1))
    const sine = mul(t, cosine)
    const rotation = take(concat([cosine, sine, neg(sine), zero], -1), entries, -1)
    return [matmul(matmul(matrixTranspose(rotation), s), rotation), matmul(v, rotation)]
  }

  let state: readonly [Tensor, Tensor] = [start, broadcastTo(eye(even, a.dtype), [...lead, even, even])]
  for (let i = 0; i < jacobiSweeps(n) * Math.max(1, even - 1); i++) state = round(state)
  const [s, v] = state
  const cut = (x: Tensor): Tensor => slice(x, [...lead.map(() => 0), 0, 0], [...lead, n, n])
  const values = mul(sum(mul(cut(s), eye(n, a.dtype)), -1), reshape(scale, [...lead, 1]))
  return ascending(values, cut(v))
}

/** Keeps 0/0 away and is lost in any other sum. */
const smallest = (dtype: Tensor['dtype']): number => (dtype === 'f64' ? 1e-300 : 1e-37)

/** Sorts by counting, for each value, those before it (ties by place). */
const ascending = (w: Tensor, v: Tensor): readonly [Tensor, Tensor] => {
  const n = axisLength(w.shape, w.rank - 1)
  const [mine, other] = [expandDims(w, -1), expandDims(w, -2)]
  const earlier = less(expandDims(iota(n), 0), expandDims(iota(n), 1))
  const before = logicalOr(less(other, mine), logicalAnd(equal(other, mine), earlier))
  const rank = sum(cast(before, 'i32'), -1)
  const order = oneHot(rank, n, w.dtype) // [..., from, to]
  return [reshape(matmul(expandDims(w, -2), order), w.shape), matmul(v, order)]
}

/*
 * Rows worked through in chunks by a scan, so that logits over a vocabulary are never there all at once. Letters: n rows,
 * m of them to a chunk, c chunks, d words, e the width of what goes into the head.
 */
import {
  abs,
  add,
  cast,
  checkpoint,
  concat,
  div,
  expandDims,
  full,
  greater,
  type Leaves,
  map,
  matmul,
  matrixTranspose,
  max,
  reshape,
  scan,
  slice,
  sqrt,
  square,
  stopGradient,
  sum,
  type Tensor,
  where,
  zeros,
} from '@cotangent/core'
import { type Matrix, sketchedSingularValues } from './rangeFinder.js'
import { shareOfLargest } from './spectral.js'

/** Rows [n, ...s] as chunks [c, m, ...s], the last one filled up with a value. */
export const chunked = (x: Tensor, m: number, fill = 0): Tensor => {
  const [n = 0, ...rest] = x.shape
  const missing = (m - (n % m)) % m
  const whole = missing === 0 ? x : concat([x, full([missing, ...rest], fill, x.dtype)], 0)
  return reshape(whole, [(n + missing) / m, m, ...rest])
}

/** The first n rows of chunks: [c, m, ...s] -> [n, ...s]. */
const unchunked = (x: Tensor, n: number): Tensor => {
  const [c = 0, m = 0, ...rest] = x.shape
  return slice(reshape(x, [c * m, ...rest]), [0, ...rest.map(() => 0)], [n, ...rest])
}

/** Σ over chunks of the tensors that `f` gives for each. What `f` computes is not kept for the backward pass. */
export const sumOverChunks = <X>(
  f: (chunk: Leaves<X>) => readonly Tensor[],
  zero: readonly Tensor[],
  chunks: X,
): readonly Tensor[] => {
  const body = checkpoint(f)
  const step = (sums: readonly Tensor[], chunk: Leaves<X>): readonly [readonly Tensor[], null] => {
    const found = body(chunk)
    return [sums.map((total, i) => add(total, found[i] ?? total)), null]
  }
  return scan(step, zero, chunks)[0]
}

/** States [n, e] in chunks with the mask of rows that count, and the head that makes logits of them. */
export interface ChunkedLogits {
  readonly states: Tensor
  /** bool [n] */
  readonly mask: Tensor
  /** [m, e] -> [m, d] */
  readonly head: (states: Tensor) => Tensor
  /** That of the logits: [n, d]. */
  readonly shape: readonly [n: number, d: number]
  /** Rows to a chunk, m. */
  readonly size: number
}

/**
 * `spectral` with a sketch, of logits that are made a chunk at a time: seven times forward, so that none are kept.
 *
 * @see spectral, whose value and gradient it has
 */
export const spectralInChunks = (
  { states, mask, head, shape, size }: ChunkedLogits,
  k: number,
  sketch: Tensor,
): Tensor => {
  type Chunk = readonly [states: Tensor, mask: Tensor]
  const chunks: Chunk = [chunked(states, size), chunked(mask, size)]
  const logitsOf = ([some, counts]: Chunk): Tensor => where(expandDims(counts, 1), head(some), 0)
  const largest = stopGradient(
    max(
      map(
        checkpoint((chunk: Chunk) => max(abs(logitsOf(chunk)))),
        chunks,
      ),
    ),
  )
  const scale = where(greater(largest, 0), largest, 1)
  const scaled = (chunk: Chunk): Tensor => div(logitsOf(chunk), scale)
  const { dtype } = states
  const [n, d] = shape
  const x: Matrix = {
    shape,
    times: (o) =>
      unchunked(
        map(
          checkpoint((chunk: Chunk) => matmul(scaled(chunk), o)),
          chunks,
        ),
        n,
      ),
    transposedTimes: (o) => {
      const [, q = 0] = o.shape
      const product = ([chunk, part]: readonly [Chunk, Tensor]): readonly Tensor[] => [
        matmul(matrixTranspose(scaled(chunk)), part),
      ]
      return only(sumOverChunks(product, [zeros([d, q], dtype)], [chunks, chunked(o, size)] as const))
    },
  }
  const squares = only(sumOverChunks((chunk: Chunk) => [sum(square(scaled(chunk)))], [zeros([], dtype)], chunks))
  return shareOfLargest(sketchedSingularValues(x, cast(sketch, dtype)), k, {
    size: sqrt(where(greater(largest, 0), squares, 1)),
    largest,
    count: sum(cast(mask, dtype)),
  })
}

const only = ([first]: readonly Tensor[]): Tensor => {
  if (first === undefined) throw new Error('unreachable')
  return first
}

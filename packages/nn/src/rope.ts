/* Axes: batch, seq, heads, headDim; pairs = headDim / 2. */
import {
  ArgumentError,
  add,
  array,
  cast,
  concat,
  constant,
  cos,
  type DType,
  expandDims,
  mul,
  printAval,
  ShapeError,
  sin,
  slice,
  sub,
  type Tensor,
} from '@cotangent/core'

/**
 * How the frequencies of a model are stretched for texts longer than those it was first trained on.
 *
 * - `linear`: all of them divided by `factor`
 * - `llama3`: those that turn fewer than `lowFrequency` times within `trainedLength` are divided by `factor`, those that
 *   turn more than `highFrequency` times are kept, and between the two there is a line
 */
export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequency: number
      readonly highFrequency: number
      /** In tokens. */
      readonly trainedLength: number
    }

/** What the angles of a model depend on. */
export interface RopeSettings {
  /** Features of a head; even. */
  readonly headDim: number
  /** θ: the base of the frequencies. */
  readonly theta: number
  readonly scaling?: RopeScaling | undefined
}

const scaled = (frequency: number, scaling: RopeScaling | undefined): number => {
  if (scaling === undefined) return frequency
  if (scaling.kind === 'linear') return frequency / scaling.factor
  const { factor, lowFrequency, highFrequency, trainedLength } = scaling
  const turns = (trainedLength * frequency) / (2 * Math.PI)
  const kept = Math.min(Math.max((turns - lowFrequency) / (highFrequency - lowFrequency), 0), 1)
  return frequency * (kept + (1 - kept) / factor)
}

/**
 * The angle in radians that each pair of features turns by from one position to the next: θ^(-2i / headDim), scaled.
 *
 * @returns headDim / 2 numbers, falling
 * @throws ArgumentError where headDim is odd
 * @example ropeFrequencies({ headDim: 4, theta: 10000 }) // => [1, 0.01]
 */
export const ropeFrequencies = ({ headDim, theta, scaling }: RopeSettings): readonly number[] => {
  if (headDim % 2 !== 0) {
    throw new ArgumentError({
      op: 'ropeFrequencies',
      expected: 'headDim must be even: features turn in pairs.',
      received: `headDim ${headDim}`,
      todo: 'use an even number of features per head',
    })
  }
  return Array.from({ length: headDim / 2 }, (_, i) => scaled(theta ** ((-2 * i) / headDim), scaling))
}

/** Cosines and sines of the angles at every position, each [...s, 1, pairs]: one table for all heads and layers. */
export interface RopeTable {
  readonly cos: Tensor
  readonly sin: Tensor
}

/**
 * Cosine and sine of position · frequency.
 *
 * @param positions [batch, seq] or [seq], i32
 * @param dtype that of the queries
 * @returns each [batch, seq, 1, pairs] or [seq, 1, pairs]
 * @example ropeTable({ headDim: 2, theta: 10000 }, iota(2), 'f32').cos // => [[[1]], [[0.540302]]]
 */
export const ropeTable = (settings: RopeSettings, positions: Tensor, dtype: DType): RopeTable => {
  const frequencies = constant(array(ropeFrequencies(settings), dtype))
  const angles = mul(expandDims(cast(positions, dtype), -1), frequencies)
  const perHead = expandDims(angles, -2)
  return { cos: cos(perHead), sin: sin(perHead) }
}

/**
 * Rotary position embedding: feature i of the first half and feature i of the second half of a head are a point in the
 * plane, turned by its position's angle. A query and a key then meet in an angle that depends on the difference of their
 * positions alone, and norms stay.
 *
 * y = [x₁ cos − x₂ sin, x₂ cos + x₁ sin],  x = [x₁, x₂]
 *
 * @param x queries or keys, [...batch, seq, heads, headDim]
 * @param table of the positions of x; see `ropeTable`
 * @returns of the shape of x
 * @throws ShapeError unless headDim is twice the table's pairs
 * @see arXiv 2104.09864, equation 34; halves in place of neighbours, as transformers orders the features
 * @example rope(array([[[[1, 0]]]]), ropeTable({ headDim: 2, theta: 10000 }, array([1], 'i32'), 'f32')) // => [[[[0.540302, 0.841471]]]]
 */
export const rope = (x: Tensor, table: RopeTable): Tensor => {
  const pairs = table.cos.shape.at(-1) ?? 0
  const axis = x.rank - 1
  if (axis < 0 || x.shape[axis] !== 2 * pairs) {
    throw new ShapeError({
      op: 'rope',
      expected: `x must be [...batch, seq, heads, ${2 * pairs}]: two features for each angle of the table.`,
      received: `x ${printAval(x.aval)}, table ${printAval(table.cos.aval)}`,
      todo: 'make the table with the headDim of x',
    })
  }
  const ahead = x.shape.slice(0, axis)
  const origin = ahead.map(() => 0)
  const first = slice(x, [...origin, 0], [...ahead, pairs])
  const second = slice(x, [...origin, pairs], x.shape)
  return concat(
    [sub(mul(first, table.cos), mul(second, table.sin)), add(mul(second, table.cos), mul(first, table.sin))],
    axis,
  )
}

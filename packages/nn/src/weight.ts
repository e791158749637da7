/* Axes: in (features of x), out (features of the result), r (rank of the adapter). */
import {
  add,
  concat,
  dotGeneral,
  mul,
  neg,
  printAval,
  ShapeError,
  sub,
  Tensor,
  TreeMismatchError,
} from '@cotangent/core'
import { dropout } from './dropout.js'

/**
 * A weight with an adapter: W = base + scale·(b a − b0 a0).
 *
 * `a0`, `b0` are there where the adapter started away from zero (PiSSA) and the base is the original weight: what it
 * started from is taken off again, so that leaving the adapter out gives the original model exactly.
 *
 * Shapes: base [out, in], a [r, in], b [out, r], scale [], a0 [r0, in], b0 [out, r0].
 */
export type LowRank = {
  readonly base: Tensor
  readonly a: Tensor
  readonly b: Tensor
  readonly scale: Tensor
  readonly a0?: Tensor
  readonly b0?: Tensor
}

/** A weight as layers take it: a matrix [out, in], or one with an adapter. */
export type Weight = Tensor | LowRank

/** Dropout on what the adapter sees; the base sees all of x. Nothing is dropped where `key` is null. */
export interface AdapterDropout {
  /** Probability of dropping an element of x. */
  readonly rate: number
  /** u32[2], used for this weight alone. */
  readonly key: Tensor | null
}

/**
 * Whether a node of a parameter tree is a weight with an adapter.
 *
 * @example isLowRank(array([[1, 0], [0, 1]])) // => false
 */
export const isLowRank = (node: unknown): node is LowRank =>
  typeof node === 'object' &&
  node !== null &&
  !(node instanceof Tensor) &&
  ['base', 'a', 'b', 'scale'].every((name) => Reflect.get(node, name) instanceof Tensor)

/** x wᵀ over the last axis of x: [...s, in], [out, in] -> [...s, out]. */
const product = (x: Tensor, w: Tensor): Tensor => dotGeneral(x, w, { contract: [[x.rank - 1], [1]], batch: [[], []] })

/** The pair that the adapter started from; `null` where it started at zero. */
const startOf = ({ a0, b0 }: LowRank): { readonly a0: Tensor; readonly b0: Tensor } | null => {
  if (a0 instanceof Tensor && b0 instanceof Tensor) return { a0, b0 }
  if (a0 instanceof Tensor || b0 instanceof Tensor) {
    throw new TreeMismatchError({
      op: 'applyWeight',
      expected: 'a0 and b0 belong together.',
      received: `only ${a0 instanceof Tensor ? 'a0' : 'b0'}`,
      todo: 'give both, or neither',
    })
  }
  return null
}

/** One pair whose product is b a − b0 a0: [a; a0] and [b, −b0]. */
const joined = (weight: LowRank): { readonly a: Tensor; readonly b: Tensor } => {
  const start = startOf(weight)
  if (start === null) return weight
  return { a: concat([weight.a, start.a0], 0), b: concat([weight.b, neg(start.b0)], 1) }
}

/** scale·(x aᵀ) bᵀ; the scale meets the narrow product. */
const through = (x: Tensor, { a, b }: { readonly a: Tensor; readonly b: Tensor }, scale: Tensor): Tensor =>
  product(mul(product(x, a), scale), b)

const adapterTerm = (weight: LowRank, x: Tensor, { rate, key }: AdapterDropout): Tensor => {
  if (key === null || rate === 0) return through(x, joined(weight), weight.scale)
  const start = startOf(weight)
  const trained = through(dropout(key, rate, x), weight, weight.scale)
  // what is taken off belongs to the base, which sees all of x
  return start === null ? trained : sub(trained, through(x, { a: start.a0, b: start.b0 }, weight.scale))
}

const inFeatures = (weight: Weight): number | undefined => (weight instanceof Tensor ? weight : weight.base).shape[1]

/**
 * x Wᵀ, for either form of weight. With an adapter, W is not formed: x baseᵀ + scale·((x aᵀ) bᵀ − (x a0ᵀ) b0ᵀ).
 *
 * @param x [...s, in]
 * @param adapterDropout drops elements of the x that the adapter sees
 * @returns [...s, out]
 * @throws ShapeError unless x's last axis is the weight's last
 * @example applyWeight(array([[1, 2]]), array([3, 4])) // => [11]
 */
export const applyWeight = (
  weight: Weight,
  x: Tensor,
  adapterDropout: AdapterDropout = { rate: 0, key: null },
): Tensor => {
  if (x.rank === 0 || x.shape[x.rank - 1] !== inFeatures(weight)) {
    const matrix = weight instanceof Tensor ? weight : weight.base
    throw new ShapeError({
      op: 'applyWeight',
      expected: 'the last axis of x must equal the last axis of the weight [out, in].',
      received: `x ${printAval(x.aval)}, weight ${printAval(matrix.aval)}`,
      todo: "check the layer's width, or transpose the weight",
    })
  }
  if (weight instanceof Tensor) return product(x, weight)
  return add(product(x, weight.base), adapterTerm(weight, x, adapterDropout))
}

/**
 * The matrix [out, in] that a weight stands for: base + scale·(b a − b0 a0), which is what merging an adapter gives.
 *
 * @example denseWeight(array([[1, 2]])) // => [[1, 2]]
 */
export const denseWeight = (weight: Weight): Tensor => {
  if (weight instanceof Tensor) return weight
  const { a, b } = joined(weight)
  return add(weight.base, mul(dotGeneral(b, a, { contract: [[1], [0]], batch: [[], []] }), weight.scale))
}

/** A parameter tree after its adapters were taken out of it: a matrix in place of every weight with an adapter. */
export type Dense<T> = T extends LowRank
  ? Tensor
  : T extends Tensor | number | null | undefined
    ? T
    : { readonly [K in keyof T]: Dense<T[K]> }

const mapLowRank = (tree: unknown, f: (weight: LowRank) => Tensor): unknown => {
  if (isLowRank(tree)) return f(tree)
  if (tree instanceof Tensor || typeof tree !== 'object' || tree === null) return tree
  if (Array.isArray(tree)) return tree.map((item: unknown) => mapLowRank(item, f))
  return Object.fromEntries(Object.entries(tree).map(([key, item]: [string, unknown]) => [key, mapLowRank(item, f)]))
}

/**
 * The parameters with every adapter left out: the model as it was before adapting, without a copy of it. This tree is
 * the teacher of an adapted student.
 *
 * @example
 * const [base, a, b] = [array([[1, 2]]), array([[3, 4]]), array([[5]])]
 * withoutAdapters({ weight: { base, a, b, scale: scalar(1) } }) // => { weight: base }
 */
export const withoutAdapters = <T>(params: T): Dense<T> => mapLowRank(params, ({ base }) => base) as Dense<T> // border: the type says what mapLowRank does

/**
 * The parameters with every adapter merged into its weight.
 *
 * @example
 * const [base, a, b] = [array([[1, 2]]), array([[3, 4]]), array([[5]])]
 * mergeAdapters({ weight: { base, a, b, scale: scalar(1) } }) // => { weight: [[16, 22]] }
 */
export const mergeAdapters = <T>(params: T): Dense<T> => mapLowRank(params, denseWeight) as Dense<T> // border: as above

/**
 * Whether a parameter tree holds a weight with an adapter.
 *
 * @example hasAdapters({ weight: array([[1, 0], [0, 1]]) }) // => false
 */
export const hasAdapters = (params: unknown): boolean => {
  if (isLowRank(params)) return true
  if (params instanceof Tensor || typeof params !== 'object' || params === null) return false
  return Object.values(params).some(hasAdapters)
}

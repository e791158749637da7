/*
 * Sums of products over axes, as one matrix product wherever the stored order allows: axes are grouped into batch, rows
 * and columns by a reshape (free), a factor stored the other way round is taken transposed (free), and the result's
 * axes are left in the order they come out, for the next equation to look through.
 */
import { type AttrsOf, dotPlan, range, type Shape, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { inStore, padded, type StoredValue, settled } from '../materialise.js'
import type { Factor } from '../product.js'
import { isFull, normalPermutation, number, type Value } from '../value.js'
import { type Lowerings, lower2 } from './lowering.js'

/** One operand, by the places of its axes in the store. */
interface Side {
  readonly value: StoredValue
  /** Stored axes in the order of the paired lists, and the free ones in stored order. */
  readonly batch: readonly number[]
  readonly contract: readonly number[]
  readonly free: readonly number[]
  /** The value's axis at each stored place. */
  readonly axisAt: readonly number[]
}

const sideOf = (
  builder: Builder,
  given: Value,
  batch: readonly number[],
  contract: readonly number[],
  free: readonly number[],
): Side => {
  const full = isFull(given) ? given : settled(builder, given)
  const value = inStore(builder, padded(builder, inStore(builder, full)))
  const order = value.permutation ?? range(value.aval.shape.length)
  const place = (axis: number): number => order[axis] ?? 0
  return {
    value,
    batch: batch.map(place),
    contract: contract.map(place),
    free: free.map(place).sort((a, b) => a - b),
    axisAt: range(order.length).map((at) => order.indexOf(at)),
  }
}

/** An order for a paired list: positions in it. */
type Order = readonly number[]

const reorder = (list: readonly number[], order: Order): number[] => order.map((i) => list[i] ?? 0)

/** Positions of the list's entries by their place in the store. */
const storedOrder = (places: readonly number[]): Order =>
  range(places.length).sort((i, j) => (places[i] ?? 0) - (places[j] ?? 0))

const isIncreasing = (places: readonly number[]): boolean => places.every((p, i) => i === 0 || p > (places[i - 1] ?? 0))

/** The side's axes as [batch, first, second]; `second` is stored innermost. */
interface Layout {
  readonly places: readonly number[]
  /** Whether the free axes come behind the contracted ones. */
  readonly freeLast: boolean
  /** Elements to move. */
  readonly cost: number
}

const layoutOf = ({ value, batch, contract, free }: Side, batchOrder: Order, contractOrder: Order): Layout => {
  const { shape } = value.source
  const matters = (place: number): boolean => shape[place] !== 1
  const [b, k] = [reorder(batch, batchOrder), reorder(contract, contractOrder)]
  const candidates = [
    { places: [...b, ...free, ...k], freeLast: false },
    { places: [...b, ...k, ...free], freeLast: true },
  ]
  const ready = candidates.find(({ places }) => isIncreasing(places.filter(matters)))
  if (ready !== undefined) return { ...ready, cost: 0 }
  // moving blocks is cheaper than moving single elements: what is innermost stays so
  const innermost = range(shape.length).findLast(matters) ?? 0
  const [freeFirst, freeLast] = candidates
  if (freeFirst === undefined || freeLast === undefined) throw new Error('unreachable')
  return { ...(free.includes(innermost) ? freeLast : freeFirst), cost: sizeOf(shape) }
}

/** Reorders the store if it must, and groups its axes. */
const factorOf = (builder: Builder, { value }: Side, layout: Layout, shape: Shape, transposed: boolean): Factor => {
  const { source } = value
  const moved = layout.cost > 0 && normalPermutation(layout.places) !== null
  const name = moved ? builder.shared('Transpose', [source.name], { perm: { ints: layout.places } }) : source.name
  const lengths = moved ? layout.places.map((place) => source.shape[place] ?? 1) : source.shape
  return { name: builder.reshaped(name, lengths, shape), shape, transposed }
}

const orders = (left: readonly number[], right: readonly number[]): readonly Order[] => {
  const [a, b] = [storedOrder(left), storedOrder(right)]
  return a.every((at, i) => at === b[i]) ? [a] : [a, b]
}

const dotGeneral = lower2<AttrsOf<'dotGeneral'>>((x, y, axes, { builder, result }) => {
  const { contract, batch } = axes
  const { free, m, k, n } = dotPlan(x.aval.shape, y.aval.shape, axes)
  // onnxruntime leaves the result of a batched product over no elements as its memory was
  if (k === 0) return number(0, result)
  const left = sideOf(builder, x, batch[0], contract[0], free[0])
  const right = sideOf(builder, y, batch[1], contract[1], free[1])
  const plans = orders(left.batch, right.batch).flatMap((batchOrder) =>
    orders(left.contract, right.contract).map((contractOrder) => {
      const layouts = [layoutOf(left, batchOrder, contractOrder), layoutOf(right, batchOrder, contractOrder)] as const
      return { batchOrder, layouts, cost: layouts[0].cost + layouts[1].cost }
    }),
  )
  const plan = plans.reduce((best, other) => (other.cost < best.cost ? other : best))
  const [l, r] = plan.layouts
  const lengthsAt = (side: Side, places: readonly number[]): Shape =>
    places.map((place) => side.value.source.shape[place] ?? 1)
  const groups = [
    lengthsAt(left, reorder(left.batch, plan.batchOrder)),
    lengthsAt(left, left.free),
    lengthsAt(right, right.free),
  ] as const
  const [lead] = groups
  // the result's axes, as they come out: which of its own each is
  const comesOut = [
    ...plan.batchOrder,
    ...left.free.map((place) => batch[0].length + free[0].indexOf(left.axisAt[place] ?? 0)),
    ...right.free.map((place) => batch[0].length + free[0].length + free[1].indexOf(right.axisAt[place] ?? 0)),
  ]
  return {
    aval: result,
    source: {
      kind: 'product',
      dtype: result.dtype,
      left: factorOf(builder, left, l, [...lead, ...(l.freeLast ? [k, m] : [m, k])], l.freeLast),
      right: factorOf(builder, right, r, [...lead, ...(r.freeLast ? [k, n] : [n, k])], !r.freeLast),
      matrix: [...lead, m, n],
      axes: groups,
      shape: groups.flat(),
      alpha: 1,
      addend: null,
      equation: builder.equation,
    },
    permutation: normalPermutation(range(comesOut.length).map((axis) => comesOut.indexOf(axis))),
  }
})

export const contraction: Lowerings<'dotGeneral'> = { dotGeneral }

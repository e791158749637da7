/*
 * Where the text of a kernel computes a value. At one spot it is computed once, whoever needs it there; views and loops
 * lead to other spots, so that a value behind many of them may stand in the text many times.
 */
import type { Computed, Value } from '../program/value.js'

/** A spot, and those that operations lead to from there, by operand. */
export interface Spot {
  /** How many operations lead here that are not elementwise: each may open a block in the text. */
  readonly depth: number
  readonly next: Map<Computed, Map<number, Spot>>
}

/** Where a kernel computes its result. */
export const newSpot = (depth = 0): Spot => ({ depth, next: new Map() })

/** Where a value at a spot reads its operand k. */
export const spotOf = (spot: Spot, value: Computed, k: number): Spot => {
  if (value.operation.elementwise) return spot
  const byOperand = spot.next.get(value) ?? new Map<number, Spot>()
  spot.next.set(value, byOperand)
  const found = byOperand.get(k) ?? newSpot(spot.depth + 1)
  byOperand.set(k, found)
  return found
}

/** Values computed in the text of one kernel, at each spot: longer texts compile slowly. */
export const longestText = 96

/** The deepest spot: WGSL allows 127 statements one inside of the other, and a concatenation of seven parts takes six. */
export const deepestSpot = 12

/** How many values, each at each spot, the text for `root` computes, and how deep the deepest is. */
export const textOf = (
  root: Value,
  isStored: (value: Value) => boolean,
): { readonly length: number; readonly depth: number } => {
  const done = new Map<Value, Set<Spot>>()
  let [length, depth] = [0, 0]
  const visit = (value: Value, spot: Spot): void => {
    if (value.kind !== 'computed') return
    const spots = done.get(value) ?? new Set()
    if (spots.has(spot)) return
    done.set(value, spots.add(spot))
    length++
    depth = Math.max(depth, spot.depth)
    for (const [k, operand] of value.operands.entries()) if (!isStored(operand)) visit(operand, spotOf(spot, value, k))
  }
  visit(root, newSpot())
  return { length, depth }
}

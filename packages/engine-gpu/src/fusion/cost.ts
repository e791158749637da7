/* What computing an element costs, in numbers read from memory. */
import type { Computed, Value } from '../program/value.js'
import { insideOf } from './inside.js'

/** Cost of an element: arithmetic of all that is computed for it, and what is read, far-away numbers dearer. */
export const costOf = (value: Computed, stored: ReadonlySet<Value>): number => {
  const { inner, leaves } = insideOf(value, stored)
  const arithmetic = [value, ...inner].reduce((total, { operation }) => total + operation.arithmetic, 0)
  return leaves.reduce((total, leaf) => total + Math.min(1, Math.max(0.1, leaf.length / value.length)), arithmetic)
}

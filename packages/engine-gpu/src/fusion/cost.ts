/* What computing an element costs, in numbers read from memory. */
import type { Computed } from '../program/value.js'
import { insideOf, type Stored } from './inside.js'
import { longestText } from './spots.js'

/** Cost of an element: arithmetic of all that is computed for it, and what is read, far-away numbers dearer. */
export const costOf = (value: Computed, stored: Stored): number => {
  const { inner, leaves } = insideOf(value, stored, longestText)
  const arithmetic = [value, ...inner].reduce((total, { operation }) => total + operation.arithmetic, 0)
  return leaves.reduce((total, leaf) => total + Math.min(1, Math.max(0.1, leaf.length / value.length)), arithmetic)
}

/* What is computed inside of a kernel, once it is known which values have memory. */
import type { Computed, Value } from '../program/value.js'
import { numberText } from '../source/number.js'
import type { Work } from './graph.js'

/** What is computed inside of a kernel for `value`, and what it reads. */
export interface Inside {
  readonly inner: readonly Computed[]
  readonly leaves: readonly Value[]
}

const isArray = (value: Value): boolean => value.kind !== 'uniform' || numberText(value.value) === null

/** Which values have memory. */
export type Stored = Pick<ReadonlySet<Value>, 'has'>

/** @param most so many inner values are enough */
export const insideOf = (value: Work, stored: Stored, most = Number.POSITIVE_INFINITY): Inside => {
  const inner = new Set<Computed>()
  const leaves = new Set<Value>()
  const visit = (operand: Value): void => {
    if (operand.kind !== 'computed' || stored.has(operand)) {
      if (isArray(operand)) leaves.add(operand)
      return
    }
    if (inner.has(operand) || inner.size >= most) return
    inner.add(operand)
    for (const x of operand.operands) visit(x)
  }
  for (const operand of value.operands) visit(operand)
  return { inner: [...inner], leaves: [...leaves] }
}

/* The values that a program's outputs need, and who needs them. */
import type { Computed, Opaque, Value } from '../program/value.js'

/** What a kernel may compute. */
export type Work = Computed | Opaque

const isWork = (value: Value): value is Work => value.kind === 'computed' || value.kind === 'opaque'

export interface Graph {
  /** Operands before what needs them. */
  readonly work: readonly Work[]
  readonly users: ReadonlyMap<Value, readonly Work[]>
  readonly outputs: ReadonlySet<Value>
}

/** @param equations the results of a program's equations in their order, which the order of the work follows */
export const graphOf = (equations: readonly Value[], outputs: readonly Value[]): Graph => {
  const needed = new Set<Value>()
  const need = (value: Value): void => {
    const waiting = [value]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (needed.has(next)) continue
      needed.add(next)
      if (isWork(next)) waiting.push(...next.operands)
    }
  }
  outputs.forEach(need)

  const work: Work[] = []
  const done = new Set<Value>()
  const visit = (value: Value): void => {
    if (!isWork(value) || done.has(value)) return
    done.add(value)
    for (const operand of value.operands) visit(operand)
    work.push(value)
  }
  for (const value of equations) if (needed.has(value)) visit(value)
  outputs.forEach(visit)

  const users = new Map<Value, Work[]>()
  for (const user of work) {
    for (const operand of new Set(user.operands)) {
      const others = users.get(operand)
      if (others === undefined) users.set(operand, [user])
      else others.push(user)
    }
  }
  return { work, users, outputs: new Set(outputs) }
}

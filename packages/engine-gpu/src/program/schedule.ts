import type { LoweredProgram } from './lowerIR.js'
import type { KernelSpec, Value } from './value.js'

/** One kernel call: reads some slots, fills one; `dead` are not needed afterwards. */
export interface Step {
  readonly spec: KernelSpec
  readonly inputs: readonly number[]
  readonly output: number
  readonly dead: readonly number[]
}

/** Kernel calls in order, on numbered slots; the program's inputs are slots 0, 1, ... */
export interface Schedule {
  readonly slots: number
  readonly data: readonly { readonly slot: number; readonly values: Float32Array }[]
  readonly steps: readonly Step[]
  readonly outputs: readonly number[]
}

/** The kernel calls of a lowered program, in the order of its equations, without those no output needs. */
export const scheduleOf = ({ equations, outputs }: LoweredProgram, inputs: number): Schedule => {
  const slots = new Map<Value, number>()
  let next = inputs
  const data: { readonly slot: number; readonly values: Float32Array }[] = []
  const steps: Omit<Step, 'dead'>[] = []
  const slotOf = (value: Value): number => {
    if (value.kind === 'input') return value.index
    const known = slots.get(value)
    if (known !== undefined) return known
    const from = value.kind === 'kernel' ? value.inputs.map(slotOf) : []
    const slot = next++
    slots.set(value, slot)
    if (value.kind === 'kernel') steps.push({ spec: value.spec, inputs: from, output: slot })
    if (value.kind === 'data') data.push({ slot, values: value.values })
    return slot
  }
  for (const value of equations) if (value.kind === 'kernel') slotOf(value)
  const results = outputs.map(slotOf)

  const needed = new Set(results)
  const kept: Step[] = []
  for (const step of steps.toReversed()) {
    if (!needed.has(step.output)) continue
    const dead = [...new Set(step.inputs)].filter((slot) => !needed.has(slot))
    for (const slot of dead) needed.add(slot)
    kept.push({ ...step, dead })
  }
  return {
    slots: next,
    data: data.filter(({ slot }) => needed.has(slot)),
    steps: kept.reverse(),
    outputs: results,
  }
}

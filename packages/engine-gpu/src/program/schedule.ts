import type { FusedProgram } from '../fusion/fuse.js'
import type { Kernel, Source } from '../fusion/kernel.js'
import type { Data } from './value.js'

/** One kernel call: reads some slots, fills one; `dead` are not needed afterwards. */
export interface Step {
  readonly kernel: Kernel
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

/** The kernel calls of a program. */
export const scheduleOf = ({ kernels, outputs }: FusedProgram, inputs: number): Schedule => {
  const slots = new Map<Source, number>()
  const data: { readonly slot: number; readonly values: Float32Array }[] = []
  const newSlot = (source: Kernel | Data): number => {
    const slot = inputs + slots.size
    slots.set(source, slot)
    if (source.kind === 'data') data.push({ slot, values: source.values })
    return slot
  }
  const slotOf = (source: Source): number =>
    source.kind === 'input' ? source.index : (slots.get(source) ?? newSlot(source))

  const steps = kernels.map((kernel) => ({ kernel, inputs: kernel.inputs.map(slotOf), output: slotOf(kernel) }))
  const results = outputs.map(slotOf)

  const later = new Set(results)
  const withDead = steps.toReversed().map((step): Step => {
    const dead = [...new Set(step.inputs)].filter((slot) => !later.has(slot))
    for (const slot of dead) later.add(slot)
    return { ...step, dead }
  })
  return { slots: inputs + slots.size, data, steps: withDead.reverse(), outputs: results }
}

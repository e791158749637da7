/*
 * What a checkpoint computes a second time depends on nothing but its operands, and onnxruntime runs the nodes of a graph
 * in an order of its own: it goes back from the results, and would compute all of it at once, or far too early. So each
 * barrier waits, as the program says, for what stands before it: a tensor that is held back goes through a Reshape to its
 * own shape, to which 0 is added, computed from the sizes of what is waited for. Nothing is copied.
 */
import type { Equation, IR, Var } from '@cotangent/core'
import type { Builder } from './builder.js'
import { inStore } from './materialise.js'
import type { Value } from './value.js'

/**
 * For each barrier, the variables that must have their values first: those computed since the barriers before it that
 * are needed later on. Barriers beside each other wait for the same.
 */
export const waitsOf = ({ equations, outputs }: IR): ReadonlyMap<Equation, readonly Var[]> => {
  const isBarrier = ({ primitive }: Equation): boolean => primitive.properties.barrier === true
  const waits = new Map<Equation, readonly Var[]>()
  if (!equations.some(isBarrier)) return waits
  const lastUse = new Map<number, number>()
  for (const [i, { inputs }] of equations.entries()) {
    for (const atom of inputs) if (atom.kind === 'var') lastUse.set(atom.id, i)
  }
  for (const atom of outputs) if (atom.kind === 'var') lastUse.set(atom.id, equations.length)
  let computed: Var[] = []
  let group: readonly Var[] | null = null
  for (const [i, equation] of equations.entries()) {
    if (isBarrier(equation)) {
      group ??= computed.filter((v) => (lastUse.get(v.id) ?? 0) > i)
      computed = []
      waits.set(equation, group)
    } else {
      group = null
      computed.push(...equation.results)
    }
  }
  return waits
}

/** The value, which nothing reads before the tensors that are waited for are there. */
export const heldBack = (builder: Builder, value: Value, tensors: readonly string[]): Value => {
  if (value.source.kind === 'number' || tensors.length === 0) return value
  const ready = inStore(builder, value)
  const { name, shape, constant } = ready.source
  if (constant || shape.length === 0) return ready
  const sizes = tensors.map((tensor) => builder.shared('Size', [tensor]))
  const zero = builder.shared('Min', [builder.int(0), ...sizes])
  const lengths = builder.shared('Add', [builder.ints(shape), zero])
  const later = builder.shared('Reshape', [name, lengths], shape.includes(0) ? { allowzero: { int: 1 } } : {})
  builder.declare({ name: later, type: value.aval.dtype, shape })
  return { ...ready, source: { ...ready.source, name: later } }
}

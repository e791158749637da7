/*
 * The pass from a lowered program to kernels: chains of elementwise operations with their broadcasts and other views become
 * one kernel, with the reduction or product they follow; small values that belong together share a kernel.
 */

import type { LoweredProgram } from '../program/lowerIR.js'
import { type Data, dataValue, type KernelSpec, type Value } from '../program/value.js'
import { graphOf, type Work } from './graph.js'
import { insideOf } from './inside.js'
import type { Kernel, Source } from './kernel.js'
import { type Arrays, kernelText, type Location } from './kernelText.js'
import { type Pack, packsOf } from './packs.js'
import { storedValues } from './storage.js'

export interface FusedProgram {
  /** In an order in which they can run. */
  readonly kernels: readonly Kernel[]
  readonly outputs: readonly Source[]
}

/** Kernels of a program's values. */
export const fuse = ({ equations, outputs, origins }: LoweredProgram): FusedProgram => {
  const graph = graphOf(equations, outputs)
  const stored = storedValues(graph)
  const packOf = new Map<Value, Pack>()
  for (const pack of packsOf(graph, stored)) for (const member of pack.members) packOf.set(member, pack)

  const numbers = new Map<string, Data>()
  const numberOf = (value: number): Data => {
    const key = Object.is(value, -0) ? '-0' : String(value)
    const data = numbers.get(key) ?? dataValue([value])
    numbers.set(key, data)
    return data
  }

  const position = new Map<Value, number>(graph.work.map((value, at) => [value, at]))
  const inOrder = (values: readonly Work[]): readonly Work[] =>
    [...new Set(values)].sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0))

  const kernels = new Map<Pack, Kernel>()
  const sourceOf = (value: Value): Source => {
    if (value.kind === 'input' || value.kind === 'data') return value
    const pack = packOf.get(value)
    if (pack === undefined) throw new Error('this value has no memory')
    return kernelOf(pack)
  }
  const kernelOf = (pack: Pack): Kernel => {
    const known = kernels.get(pack)
    if (known !== undefined) return known
    const { members } = pack
    const inside = members.map((member) => insideOf(member, stored))
    const own = new Set<Value>(members)
    // what it reads runs before it
    for (const leaf of inside.flatMap(({ leaves }) => leaves)) {
      const from = packOf.get(leaf)
      if (from !== undefined && from !== pack) kernelOf(from)
    }
    const locate = (value: Value): Location<Source> | null => {
      if (own.has(value) || (value.kind === 'computed' && !stored.has(value))) return null
      const from = packOf.get(value)
      const length = value.length
      if (from === undefined) return { array: sourceOf(value), length, offset: 0 }
      const members: readonly Value[] = from.members
      const place = members.indexOf(value)
      return { array: kernelOf(from), length: length * from.members.length, offset: length * place }
    }
    const work = inOrder([...members, ...inside.flatMap(({ inner }) => inner)])
    const last = work.findLast((value) => origins.has(value))
    const kernel: Kernel = {
      kind: 'kernel',
      ...textOf(members, { locate, number: numberOf }),
      members,
      work,
      equation: last === undefined ? null : (origins.get(last) ?? null),
    }
    kernels.set(pack, kernel)
    return kernel
  }
  for (const value of graph.work) {
    const pack = packOf.get(value)
    if (pack !== undefined) kernelOf(pack)
  }
  return { kernels: [...kernels.values()], outputs: outputs.map(sourceOf) }
}

const textOf = (
  members: readonly Work[],
  arrays: Arrays<Source>,
): { readonly spec: KernelSpec; readonly inputs: readonly Source[] } => {
  const [first] = members
  if (first?.kind !== 'opaque') return kernelText(members, arrays)
  const inputs = first.operands.map((operand) => arrays.locate(operand))
  const found = inputs.filter((input) => input !== null)
  return {
    spec: { source: first.source, length: first.length, inputLengths: found.map(({ length }) => length) },
    inputs: found.map(({ array }) => array),
  }
}

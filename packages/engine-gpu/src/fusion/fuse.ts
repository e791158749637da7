/*
 * The pass from a lowered program to kernels: chains of elementwise operations with their broadcasts and other views become
 * one kernel, with the reduction or product they follow; small values that belong together share a kernel.
 */
import type { KernelSpec } from '../device/kernelSpec.js'
import type { LoweredProgram } from '../program/lowerIR.js'
import { type Data, dataValue, type Value } from '../program/value.js'
import { graphOf, type Work } from './graph.js'
import { insideOf, type Stored } from './inside.js'
import type { Kernel, Source } from './kernel.js'
import { type Arrays, kernelText, type Location } from './kernelText.js'
import { type Pack, packsOf } from './packs.js'
import { storedValues } from './storage.js'

export interface FusedProgram {
  /** In an order in which they can run. */
  readonly kernels: readonly Kernel[]
  readonly outputs: readonly Source[]
}

/** Numbers without a spelling, each an array of one element. */
const numberArrays = (): ((value: number) => Data) => {
  const known = new Map<string, Data>()
  return (value) => {
    const key = Object.is(value, -0) ? '-0' : String(value)
    const data = known.get(key) ?? dataValue([value])
    known.set(key, data)
    return data
  }
}

/** Where a pack's kernel finds what it does not compute itself. */
const locationsFor =
  (pack: Pack, packOf: ReadonlyMap<Value, Pack>, stored: Stored, kernelOf: (pack: Pack) => Kernel) =>
  (value: Value): Location<Source> | null => {
    const { length } = value
    if (value.kind === 'input' || value.kind === 'data') return { array: value, length, offset: 0 }
    const from = packOf.get(value)
    if (from === pack || (value.kind === 'computed' && !stored.has(value))) return null
    if (from === undefined) throw new Error('this value has no memory')
    const members: readonly Value[] = from.members
    return { array: kernelOf(from), length: length * members.length, offset: length * members.indexOf(value) }
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

/** Kernels of a program's values. */
export const fuse = ({ equations, outputs, origins }: LoweredProgram): FusedProgram => {
  const graph = graphOf(equations, outputs)
  const stored = storedValues(graph)
  const packOf = new Map<Value, Pack>()
  for (const pack of packsOf(graph, stored)) for (const member of pack.members) packOf.set(member, pack)

  const position = new Map<Value, number>(graph.work.map((value, at) => [value, at]))
  const inOrder = (values: readonly Work[]): readonly Work[] =>
    [...new Set(values)].sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0))

  const number = numberArrays()
  const kernels = new Map<Pack, Kernel>()
  const makeKernel = (pack: Pack): Kernel => {
    const { members } = pack
    const inside = members.map((member) => insideOf(member, stored))
    // what it reads runs before it
    for (const leaf of inside.flatMap(({ leaves }) => leaves)) {
      const from = packOf.get(leaf)
      if (from !== undefined && from !== pack) kernelOf(from)
    }
    const work = inOrder([...members, ...inside.flatMap(({ inner }) => inner)])
    const last = work.findLast((value) => origins.has(value))
    return {
      kind: 'kernel',
      ...textOf(members, { locate: locationsFor(pack, packOf, stored, kernelOf), number }),
      members,
      work,
      equation: last === undefined ? null : (origins.get(last) ?? null),
    }
  }
  const kernelOf = (pack: Pack): Kernel => {
    const kernel = kernels.get(pack) ?? makeKernel(pack)
    kernels.set(pack, kernel)
    return kernel
  }
  for (const value of graph.work) {
    const pack = packOf.get(value)
    if (pack !== undefined) kernelOf(pack)
  }
  const results = outputs.map((value): Source => {
    if (value.kind === 'input' || value.kind === 'data') return value
    const pack = packOf.get(value)
    if (pack === undefined) throw new Error('a result has no memory')
    return kernelOf(pack)
  })
  return { kernels: [...kernels.values()], outputs: results }
}

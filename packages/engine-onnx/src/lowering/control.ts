/*
 * Loops and choices, as operators that hold graphs: Scan, Loop and If. What a step or branch takes from outside is read
 * by its name; what goes from step to step, and slices, are inputs of the graph inside.
 */
import { type AttrsOf, type Aval, type IR, range } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { broadcastable, inStore, padded, whole } from '../materialise.js'
import type { Graph } from '../onnx/model.js'
import { normalPermutation, number, paddedShape, stored, type Value, viewShape } from '../value.js'
import type { Context, Lowering, Lowerings } from './lowering.js'

type AddProgram = Context['program']

// ---------------------------------------------------------------- the border of a graph

/** A value for a graph inside: its tensor is there and in order; what is repeated stays so, and numbers are numbers. */
const seenInside = (builder: Builder, value: Value): Value => {
  const { source, aval } = value
  if (source.kind === 'number') return value
  return stored(broadcastable(builder, value), aval, viewShape(value), source.kind === 'stored' && source.constant)
}

/** An input of a graph inside. */
const inputOf = (inner: Builder, aval: Aval): Value => stored(inner.input(aval), aval)

/** Inputs of a graph inside that go from step to step, and the names of what they are at first. */
const carried = (builder: Builder, inner: Builder, values: readonly Value[]) => ({
  first: values.map((value) => whole(builder, value)),
  inside: values.map(({ aval }) => inputOf(inner, aval)),
})

const port = (builder: Builder, value: Value) => ({ name: whole(builder, value), aval: value.aval })

const graphOf = (inner: Builder, results: readonly Value[]): Graph =>
  inner.finish(results.map((value) => port(inner, value)))

// ---------------------------------------------------------------- scan

/** The slice of each step, where it is the same at all of them. */
const repeatedSlice = (builder: Builder, x: Value, slice: Aval): Value | null => {
  if (x.source.kind === 'number') return number(x.source.value, slice)
  if (paddedShape(x)[0] !== 1) return null
  const shape = viewShape(x)
  const name = broadcastable(builder, x)
  const isThere = shape.length === x.aval.shape.length
  return isThere
    ? stored(builder.reshaped(name, shape, shape.slice(1)), slice, shape.slice(1))
    : stored(name, slice, shape)
}

/** What a loop goes through, and a slice of it inside; what is repeated in a slice, or in another order, stays so. */
const entryOf = (builder: Builder, inner: Builder, x: Value, slice: Aval): readonly [name: string, inside: Value] => {
  const { source, permutation } = inStore(builder, x)
  const isFirst = permutation === null || permutation[0] === 0
  const [name, shape] = isFirst ? [source.name, source.shape] : [broadcastable(builder, x), viewShape(x)]
  const inside = stored(inner.input({ shape: shape.slice(1), dtype: slice.dtype }), slice, shape.slice(1))
  if (permutation === null || !isFirst) return [name, inside]
  return [name, { ...inside, permutation: normalPermutation(permutation.slice(1).map((axis) => axis - 1)) }]
}

/** What each step gives besides, as it is stored there, and how the stack of them is seen. */
interface Stacked {
  readonly port: { readonly name: string; readonly aval: Aval } | null
  readonly seen: (stack: string) => Value
}

/** What is repeated in a step stays so in the stack; so do axes in another order, and numbers. */
const stackedOf = (inner: Builder, y: Value, result: Aval): Stacked => {
  const { source } = y
  if (source.kind === 'number') return { port: null, seen: () => number(source.value, result) }
  const { source: tensor, permutation } = inStore(inner, padded(inner, inStore(inner, y)))
  const [length = 0] = result.shape
  return {
    port: { name: tensor.name, aval: { shape: tensor.shape, dtype: result.dtype } },
    seen: (stack) => ({
      ...stored(stack, result, [length, ...tensor.shape]),
      permutation: permutation === null ? null : [0, ...permutation.map((axis) => axis + 1)],
    }),
  }
}

const backwards = (count: number) => ({ ints: range(count).map(() => 1) })

/** Scan; its steps come last first where `reverse`, and their places in the stacks stay. */
const scan: Lowering<AttrsOf<'scan'>> = (operands, attrs, { builder, results, program }) => {
  const { body, length, reverse } = attrs
  const constants = operands.slice(0, attrs.constants)
  const carry = operands.slice(attrs.constants, attrs.constants + attrs.carry)
  const xs = operands.slice(attrs.constants + attrs.carry)
  // the operator wants at least one step
  if (length === 0)
    return [...carry, ...results.slice(carry.length).map((y) => stored(builder.constant([], y.shape, y.dtype), y))]

  const inner = builder.inner()
  const state = carried(builder, inner, carry)
  const entries: string[] = []
  const slices = xs.map((x) => {
    const slice: Aval = { shape: x.aval.shape.slice(1), dtype: x.aval.dtype }
    const repeated = repeatedSlice(builder, x, slice)
    if (repeated !== null) return repeated
    const [name, inside] = entryOf(builder, inner, x, slice)
    entries.push(name)
    return inside
  })
  if (entries.length === 0) {
    // it also wants something to go through
    entries.push(builder.node('ConstantOfShape', [builder.ints([length])]))
    inner.input({ shape: [], dtype: 'f32' })
  }

  const given = program(inner, body, [...constants.map((x) => seenInside(builder, x)), ...state.inside, ...slices])
  const next = given.slice(0, carry.length)
  const stacked = given.slice(carry.length).map((y, i) => stackedOf(inner, y, results[carry.length + i] ?? y.aval))
  const ports = stacked.flatMap((y) => y.port ?? [])
  const graph = inner.finish([...next.map((value) => port(inner, value)), ...ports])
  const names = builder.nodes('Scan', [...state.first, ...entries], {
    attributes: {
      body: { graph },
      num_scan_inputs: { int: entries.length },
      ...(reverse ? { scan_input_directions: backwards(entries.length) } : {}),
      ...(reverse && ports.length > 0 ? { scan_output_directions: backwards(ports.length) } : {}),
    },
    results: next.length + ports.length,
  })
  let at = next.length
  return [
    ...next.map(({ aval }, i) => stored(names[i] ?? '', aval)),
    ...stacked.map((y) => y.seen(y.port === null ? '' : (names[at++] ?? ''))),
  ]
}

// ---------------------------------------------------------------- while

/** Loop, without a bound: the test of the first carry is outside, that of the next one at the end of a step. */
const whileLoop: Lowering<AttrsOf<'while'>> = (operands, attrs, { builder, program }) => {
  const { test, body, testConstants, bodyConstants } = attrs
  const constants = operands.slice(0, testConstants + bodyConstants).map((x) => seenInside(builder, x))
  const ofTest = constants.slice(0, testConstants)
  const ofBody = constants.slice(testConstants)
  const inner = builder.inner()
  inner.input({ shape: [], dtype: 'i64' }) // the number of the step
  inner.input({ shape: [], dtype: 'bool' }) // what was tested
  const { first, inside } = carried(builder, inner, operands.slice(testConstants + bodyConstants))
  const holds = (at: Builder, carry: readonly Value[]): string => {
    const [answer] = program(at, test, [...ofTest, ...carry])
    if (answer === undefined) throw new Error('the test of a loop has one result')
    return whole(at, answer)
  }
  const start = holds(
    builder,
    first.map((name, i) => stored(name, inside[i]?.aval ?? { shape: [], dtype: 'bool' })),
  )
  const next = program(inner, body, [...ofBody, ...inside]).map((value) => port(inner, value))
  const goesOn = holds(
    inner,
    next.map(({ name, aval }) => stored(name, aval)),
  )
  const graph = inner.finish([{ name: goesOn, aval: { shape: [], dtype: 'bool' } }, ...next])
  const names = builder.nodes('Loop', ['', start, ...first], { attributes: { body: { graph } }, results: first.length })
  return next.map(({ aval }, i) => stored(names[i] ?? '', aval))
}

// ---------------------------------------------------------------- cond

/** `index < 1 ? branch 0 : index < 2 ? branch 1 : ...`: one If in another; the last one needs no test. */
const choose = (
  builder: Builder,
  index: string,
  branches: readonly IR[],
  operands: readonly Value[],
  program: AddProgram,
  from = 0,
): readonly Value[] => {
  const [branch, ...others] = branches
  if (branch === undefined) throw new Error('a choice has at least one branch')
  if (others.length === 0) return program(builder, branch, operands)
  const isThis = builder.node('Less', [index, builder.scalar(from + 1, 'i32')])
  const [inThis, inOthers] = [builder.inner(), builder.inner()]
  const taken = graphOf(inThis, program(inThis, branch, operands))
  const left = graphOf(inOthers, choose(inOthers, index, others, operands, program, from + 1))
  const names = builder.nodes('If', [isThis], {
    attributes: { then_branch: { graph: taken }, else_branch: { graph: left } },
    results: branch.outputs.length,
  })
  return branch.outputs.map(({ aval }, i) => stored(names[i] ?? '', aval))
}

const cond: Lowering<AttrsOf<'cond'>> = ([index, ...operands], { branches }, { builder, program }) => {
  if (index === undefined) throw new Error('a choice has an index')
  const inside = operands.map((x) => seenInside(builder, x))
  return choose(builder, whole(builder, index), branches, inside, program)
}

export const control: Lowerings<'scan' | 'cond' | 'while'> = { scan, cond, while: whileLoop }

/*
 * What an operation is made of and who computes it, seen by running its example: the calls it makes are recorded, traced to
 * programs, and planned for each engine.
 */
import * as core from '@cotangent/core'
import * as nn from '@cotangent/nn'
import * as optim from '@cotangent/optim'
import { runIn } from '../../test/support/examples.js'
import type { Operation } from './readOperations.js'

/** What was seen of an operation. */
export interface Observed {
  /** Names of the primitives of the program that its calls trace to; nothing where they trace to none. */
  readonly primitives: readonly string[]
  /** Per engine, by name: where those primitives run, as far as they are not inlined. */
  readonly places: ReadonlyMap<string, readonly ('engine' | 'host')[]>
}

type Callable = (...args: readonly unknown[]) => unknown

const isCallable = (value: unknown): value is Callable => typeof value === 'function'

/** The names that an example of a package may use; those of the package come last, as in the tests of doc comments. */
const scopes: Readonly<Record<Operation['from'], readonly (readonly [string, unknown])[]>> = {
  core: Object.entries(core),
  nn: [...Object.entries(core), ...Object.entries(nn)],
  optim: [...Object.entries(core), ...Object.entries(optim)],
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** The tensors within arguments, in order, and the arguments with others in their places. */
const tensorsIn = (value: unknown): readonly core.Tensor[] => {
  if (value instanceof core.Tensor) return [value]
  if (Array.isArray(value)) return value.flatMap(tensorsIn)
  return isPlain(value) ? Object.values(value).flatMap(tensorsIn) : []
}

const withTensors = (value: unknown, next: () => core.Tensor): unknown => {
  if (value instanceof core.Tensor) return next()
  if (Array.isArray(value)) return value.map((each) => withTensors(each, next))
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withTensors(each, next)]))
}

/** The program of one call, in which every tensor among its arguments is an input; `null` where it gives no tensors. */
const programOf = (f: Callable, args: readonly unknown[]): core.IR | null => {
  const call = (tensors: readonly core.Tensor[]): readonly core.Tensor[] => {
    const rest = [...tensors]
    const given = args.map((arg) => withTensors(arg, () => rest.shift() ?? core.scalar(0)))
    return tensorsIn(f(...given))
  }
  try {
    const ir = core.makeIR(call)(args.flatMap(tensorsIn))
    return ir.outputs.length === 0 ? null : ir
  } catch (error) {
    // what needs numbers, or knows no trees of this kind, has no program of its own
    if (error instanceof core.ProgramError) return null
    throw error
  }
}

/** Runs an example; the arguments its operation was called with outside of any trace. */
const callsOf = async ({ name, from, example }: Operation): Promise<readonly core.IR[]> => {
  const scope = new Map(scopes[from])
  const f = scope.get(name)
  if (!isCallable(f) || example === null) return []
  const programs: core.IR[] = []
  let within = false
  scope.set(name, (...args: readonly unknown[]) => {
    if (!within && args.flatMap(tensorsIn).every((x) => x instanceof core.HostTensor)) {
      within = true
      const program = programOf(f, args)
      if (program !== null) programs.push(program)
      within = false
    }
    return f(...args)
  })
  await runIn(scope, example)
  return programs
}

const placesOn = (engine: core.Engine, ir: core.IR): readonly ('engine' | 'host')[] => {
  const ready = core.prepareIR(ir, (primitive) => engine.lowers(primitive))
  const stages = core.planStages(ready, (equation) => engine.runs(equation))
  return stages.flatMap(({ where, ir: { equations } }) => (equations.length === 0 ? [] : [where]))
}

const distinct = <T extends string>(all: readonly T[]): readonly T[] => [...new Set(all)]

/** Transforms, loops and optimisers take functions, or make them: what they trace to is their arguments' doing. */
const families = new Set([
  'Transforms',
  'Control flow',
  'Trees and programs',
  'Debugging',
  'Adapters',
  'Optimisers',
  'Gradient transformations',
  'Schedules',
])

/** Runs an operation's example and looks at what it traces to. */
export const observe = async (operation: Operation, engines: readonly core.Engine[]): Promise<Observed> => {
  const programs = families.has(operation.family) ? [] : await callsOf(operation)
  return {
    primitives: distinct(programs.flatMap(({ equations }) => equations.map(({ primitive }) => primitive.name))),
    places: new Map(
      engines.map((engine) => [engine.name, distinct(programs.flatMap((ir) => placesOn(engine, ir)))] as const),
    ),
  }
}

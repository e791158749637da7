/* Where the time of a function goes: each operation of an engine, with the equation it belongs to. */

import { allocate, sizeOf } from '../aval.js'
import type { Engine, OperationTime } from '../compile/engine.js'
import { prepareIR } from '../compile/prepare.js'
import { planStages, type Stage } from '../compile/stages.js'
import type { Atom, Equation, IR } from '../ir/ir.js'
import { treeFlatten } from '../pytree.js'
import { profileIR } from '../reference/profileIR.js'
import { HostTensor, literal, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import type { AnyFunction } from '../trace/trace.js'
import { chromeTrace } from './chromeTrace.js'
import type { ProfileEntry } from './profileEntry.js'
import { type Handed, type ProfileTableOptions, profileTable } from './profileTable.js'
import { fixedArguments } from './staticArguments.js'

/** The times of a function's operations. */
export interface Profile {
  readonly engine: string
  readonly runs: number
  /** Microseconds of one run, on average: all operations, without what lies between them. */
  readonly total: number
  readonly handed: Handed
  readonly entries: readonly ProfileEntry[]
  /** The operations as lines of text, the longest first. */
  table(options?: ProfileTableOptions): string
  /** All runs as JSON that chrome://tracing and Perfetto open. */
  chromeTrace(): string
}

/** How a function is profiled. */
export interface ProfileOptions {
  /** How often it is run; 10 by default. */
  readonly runs?: number
  /** Runs before, which do not count; 2 by default. */
  readonly warmup?: number
  /** Arguments that are plain values, as `compile` takes them. */
  readonly static?: readonly number[]
}

/** Operations with what is left of each without those that lie inside of its time. */
const withSelf = (operations: readonly OperationTime[], where: string): readonly ProfileEntry[] => {
  const sorted = operations.toSorted((a, b) => a.run - b.run || a.start - b.start || b.duration - a.duration)
  const inner = new Map<OperationTime, number>()
  const around: OperationTime[] = []
  for (const each of sorted) {
    const holds = ({ run, start, duration }: OperationTime): boolean =>
      run === each.run && start + duration >= each.start + each.duration
    while (around.length > 0 && !holds(around[around.length - 1] ?? each)) around.pop()
    const outer = around.at(-1)
    if (outer !== undefined) inner.set(outer, (inner.get(outer) ?? 0) + each.duration)
    around.push(each)
  }
  return sorted.map((each) => ({ ...each, where, self: Math.max(0, each.duration - (inner.get(each) ?? 0)) }))
}

/** An engine that cannot tell more: its program as one operation. */
const asWhole = async (engine: Engine, ir: IR, inputs: readonly Tensor[], runs: number) => {
  const program = await engine.load(ir)
  const operations: OperationTime[] = []
  let results: readonly Tensor[] = []
  const begin = performance.now()
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    results = await Promise.all((await program.run(inputs)).map((x) => x.read()))
    const end = performance.now()
    operations.push({
      operation: 'program',
      equation: null,
      run,
      start: 1000 * (start - begin),
      duration: 1000 * (end - start),
    })
  }
  return { results, operations }
}

const bytesOf = (atoms: Iterable<Atom>): number =>
  [...atoms].reduce((sum, { aval: { shape, dtype } }) => sum + sizeOf(shape) * allocate(dtype, 0).BYTES_PER_ELEMENT, 0)

/** What goes between host and engine from one stage to a later one. */
const handedIn = (stages: readonly Stage[]): Handed => {
  const made = new Map(stages.flatMap(({ where, ir }) => ir.outputs.map((atom) => [atom, where] as const)))
  const needed = (where: Stage['where'], from: Stage['where']): Iterable<Atom> =>
    new Set(
      stages
        .filter((stage) => stage.where === where)
        .flatMap(({ ir }) => ir.inputs.filter((v) => made.get(v) === from)),
    )
  return { toEngine: bytesOf(needed('engine', 'host')), toHost: bytesOf(needed('host', 'engine')) }
}

const onHost = async (ir: IR, inputs: readonly Tensor[], runs: number) => {
  const here = await Promise.all(inputs.map((x) => x.read()))
  const { results, operations } = profileIR(ir, here, runs)
  return { results: results.map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype)), operations }
}

/**
 * Runs a function on an engine and tells how long each operation took, on which of the caller's lines it stands, in
 * which scope, and whether it is part of a backward pass. The function is prepared as `compile` does it; the times are
 * those of runs under observation, which are a little longer than others.
 *
 * @param f a pure function of pytrees, not compiled
 * @param engine which runs it; one that cannot tell the times of its operations gives that of each program
 * @param options how often it is run
 * @returns takes the arguments of f
 * @example
 * const times = await profile((x: Tensor) => sum(exp(x)), referenceEngine())(array([1, 2]))
 * times.entries.map(({ equation }) => equation?.primitive.name).slice(0, 2) // => ['exp', 'reduceSum']
 */
export const profile =
  <A extends readonly unknown[]>(f: (...args: A) => unknown, engine: Engine, options: ProfileOptions = {}) =>
  async (...args: A): Promise<Profile> => {
    const { runs = 10, warmup = 2 } = options
    const { f: traced, dynamic } = fixedArguments(f as AnyFunction, args, options.static)
    const [leaves] = treeFlatten(dynamic)
    const { captured, ...whole } = makeIR(traced as (...xs: unknown[]) => unknown)(...dynamic)
    const ir = prepareIR(whole, (primitive) => engine.lowers(primitive))
    const given: readonly Tensor[] = [...captured, ...leaves]
    const values = new Map<number, Tensor>(
      ir.inputs.flatMap((v, i): readonly (readonly [number, Tensor])[] =>
        given[i] === undefined ? [] : [[v.id, given[i]]],
      ),
    )
    const valueOf = (atom: Atom): Tensor => {
      const value = atom.kind === 'literal' ? literal(atom.value, atom.aval.dtype) : values.get(atom.id)
      if (value === undefined) throw new Error('a stage needs a value that no earlier one computes')
      return value
    }
    const entries: ProfileEntry[] = []
    let offset = 0
    const stages = planStages(ir, (equation: Equation) => engine.runs(equation))
    for (const stage of stages) {
      const inputs = stage.ir.inputs.map(valueOf)
      const all = warmup + runs
      const { results, operations } =
        stage.where === 'host'
          ? await onHost(stage.ir, inputs, all)
          : await (engine.profile?.(stage.ir, inputs, all) ?? asWhole(engine, stage.ir, inputs, all))
      for (const [i, atom] of stage.ir.outputs.entries()) {
        const result = results[i]
        if (atom.kind === 'var' && result !== undefined) values.set(atom.id, result)
      }
      const counted = operations
        .filter(({ run }) => run >= warmup)
        .map((each) => ({ ...each, run: each.run - warmup, start: each.start + offset }))
      entries.push(...withSelf(counted, stage.where === 'host' ? 'host' : engine.name))
      offset = Math.max(offset, ...counted.map(({ start, duration }) => start + duration))
    }
    const total = entries.reduce((sum, { self }) => sum + self, 0) / runs
    const times = { engine: engine.name, runs, total, handed: handedIn(stages), entries }
    return {
      ...times,
      table: (tableOptions) => profileTable(times, tableOptions),
      chromeTrace: () => chromeTrace(entries),
    }
  }

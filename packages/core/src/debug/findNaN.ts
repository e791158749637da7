/*
 * Where a NaN (or an infinity) comes from.
 *
 * The program is evaluated equation by equation. A value with a bad element has a fault: of the equation that made it
 * from values without one, or else the earliest among the faults of what it was made from. So the fault of a bad result
 * of the program is the first on its way; what `where` discards is on no way, and is not found.
 */
import { type Aval, isFloating, type TypedArray } from '../aval.js'
import type { Equation, HostArray, IR, RunProgram } from '../ir/ir.js'
import { leafPaths, treeFlatten } from '../pytree.js'
import { evaluateIR } from '../reference/evaluate.js'
import type { Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import type { AnyFunction } from '../trace/trace.js'
import { countBad, firstBad, indexOf, type Kind, kinds, takenFrom } from './badElements.js'
import type { Enclosing, NaNReport } from './nanReport.js'
import { operandReport } from './operandReport.js'
import { namedPath, parameterNames } from './parameterNames.js'
import { fixedArguments } from './staticArguments.js'

interface Fault {
  /** Faults are counted in the order they happen. */
  readonly order: number
  readonly report: NaNReport
}

/** What is wrong with a value; `null` where nothing is known of how it came about. */
interface Status {
  readonly nan: Fault | null | undefined
  readonly infinity: Fault | null | undefined
}

const earliest = (faults: readonly (Fault | null | undefined)[]): Fault | null =>
  faults.reduce<Fault | null>((first, fault) => {
    if (fault === null || fault === undefined) return first
    return first === null || fault.order < first.order ? fault : first
  }, null)

const noOrigin = { operands: [], source: null, pass: 'forward', derivativeOf: null, scopes: [], within: [] } as const

/** The program of an equation that is run, and for which time. */
const enclosing = ({ primitive, attrs, origin }: Equation, program: IR, run: number): Enclosing => {
  const { programs } = primitive.properties
  const which = programs?.of(attrs).indexOf(program) ?? -1
  return {
    op: primitive.name,
    place: programs === undefined || which < 0 ? '' : programs.place(attrs, which, run),
    source: origin?.site?.line ?? null,
  }
}

class Search {
  /** Of the values that were looked at, by their storage. */
  readonly #known = new WeakMap<TypedArray, Status>()
  #order = 0

  /** What is wrong with a value that no equation here made. */
  given(x: HostArray, fault: (kind: Kind) => Fault | null): Status {
    const known = this.#known.get(x.data)
    if (known !== undefined) return known
    const check = (kind: Kind) => (firstBad(x.data, kind) < 0 ? undefined : fault(kind))
    const status: Status = isFloating(x.dtype)
      ? { nan: check('nan'), infinity: check('infinity') }
      : { nan: undefined, infinity: undefined }
    this.#known.set(x.data, status)
    return status
  }

  /** A fault that begins with this value. */
  fault(kind: Kind, x: HostArray, more: Omit<NaNReport, 'found' | 'result' | 'index' | 'value' | 'count'>): Fault {
    const position = firstBad(x.data, kind)
    const result: Aval = { shape: x.shape, dtype: x.dtype }
    return {
      order: this.#order++,
      report: {
        ...more,
        found: kind === 'nan' ? 'NaN' : 'infinity',
        result,
        index: indexOf(x.shape, position),
        value: x.data[position] ?? Number.NaN,
        count: countBad(x.data, kind),
      },
    }
  }

  run(ir: IR, inputs: readonly HostArray[], within: readonly Enclosing[]): readonly HostArray[] {
    return evaluateIR(ir, inputs, {
      observe: (equation, operands, results, evaluate) => {
        const statuses = operands.map((x) => this.given(x, () => null))
        const runs = new Map<IR, number>()
        const before = this.#order
        const made: Status[] = []
        const inner: RunProgram = (program, values) => {
          const n = runs.get(program) ?? 0
          runs.set(program, n + 1)
          // what a step takes may be a part of an operand, or what an earlier step gave
          for (const x of values) this.given(x, (kind) => earliest(statuses.map((status) => status[kind])))
          const outs = this.run(program, values, [...within, enclosing(equation, program, n)])
          made.push(...outs.map((x) => this.given(x, () => null)))
          return outs
        }
        evaluate(inner)
        const inside = (kind: Kind): Fault | null =>
          earliest(made.map((status) => status[kind]).filter((fault) => (fault?.order ?? -1) >= before))
        for (const y of results) {
          this.given(y, (kind) => {
            const inherited = takenFrom(equation, operands, results, kind, y).map((i) => statuses[i]?.[kind] ?? null)
            const known = inherited.length > 0 ? earliest(inherited) : inside(kind)
            // an infinity that is held by value is meant to be one
            const meant = kind === 'infinity' && (inherited.length > 0 || operands.length === 0)
            return known ?? (meant ? null : this.#operation(kind, equation, operands, statuses, y, within))
          })
        }
      },
    })
  }

  #operation(
    kind: Kind,
    equation: Equation,
    operands: readonly HostArray[],
    statuses: readonly Status[],
    y: HostArray,
    within: readonly Enclosing[],
  ): Fault {
    const { primitive, origin } = equation
    const index = indexOf(y.shape, firstBad(y.data, kind))
    return this.fault(kind, y, {
      kind: 'operation',
      op: primitive.name,
      operands: operands.map((x, i) =>
        operandReport(x, equation, y.shape, index, statuses[i]?.infinity?.report ?? null),
      ),
      source: origin?.site?.line ?? null,
      pass: origin?.pass ?? 'forward',
      derivativeOf: origin?.of ?? null,
      scopes: origin?.scope ?? [],
      within,
    })
  }
}

/** What `findNaN` looks for. */
export interface FindNaNOptions {
  /** Looks for infinities too. Those that a program holds by value, as a mask of -∞, do not count. */
  readonly infinity?: boolean
  /** Arguments that are plain values, as `compile` takes them. */
  readonly static?: readonly number[]
}

/**
 * The first operation that makes a NaN which reaches a result of f: which it is, on which line, in which pass, in which
 * term of an objective, and from which values. `null` where the results have none. The function is evaluated on the
 * reference evaluator, equation by equation; give it `valueAndGrad(loss)` to search the backward pass too.
 *
 * @param f a pure function of pytrees, not compiled
 * @param options `infinity` to look for infinities as well
 * @returns takes the arguments of f
 * @example
 * const report = findNaN((x: Tensor) => mul(log(x), 0))(array([1, 0]))
 * report?.op // => 'mul'
 * report?.operands[0]?.infinity?.op // => 'log'
 */
export const findNaN =
  <A extends readonly unknown[]>(f: (...args: A) => unknown, options: FindNaNOptions = {}) =>
  (...args: A): NaNReport | null => {
    const { f: traced, dynamic } = fixedArguments(f as AnyFunction, args, options.static)
    const names = parameterNames(f as AnyFunction, args.length).filter((_, i) => !options.static?.includes(i))
    const [leaves, def] = treeFlatten(dynamic)
    const paths = leafPaths(def)
    const { captured, ...ir } = makeIR(traced as (...xs: unknown[]) => unknown)(...dynamic)
    const search = new Search()
    const inputs: readonly Tensor[] = [...captured, ...leaves]
    for (const [i, x] of inputs.entries()) {
      const path = paths[i - captured.length]
      search.given(x, (kind) =>
        search.fault(kind, x, {
          ...noOrigin,
          kind: path === undefined ? 'captured' : 'argument',
          op: path === undefined ? '' : namedPath(names, path),
        }),
      )
    }
    const outputs = search.run(ir, inputs, []).map((x) => search.given(x, () => null))
    const wanted = options.infinity ? kinds : (['nan'] as const)
    const found = earliest(outputs.flatMap((status) => wanted.map((kind) => status[kind])))
    return found === null ? null : firstOf(found.report, options)
  }

/** Where infinities are looked for too, one that a NaN was made of comes before it. */
const firstOf = (report: NaNReport, { infinity = false }: FindNaNOptions): NaNReport =>
  (infinity ? report.operands.find((x) => x.infinity !== null)?.infinity : null) ?? report

/* Which values of an evaluation have bad elements, and since when. */
import { type Aval, isFloating, type TypedArray } from '../aval.js'
import type { Equation, HostArray } from '../ir/ir.js'
import { countBad, firstBad, indexOf, type Kind, kinds, takenFrom } from './badElements.js'
import type { Enclosing, NaNReport } from './nanReport.js'
import { operandReport } from './operandReport.js'

/** A bad value, and the operation that made the first of those it comes from. */
export interface Fault {
  /** Faults are counted in the order they happen. */
  readonly order: number
  readonly report: NaNReport
}

/** What is wrong with a value; `null` where nothing is known of how it came about. */
export interface Status {
  readonly nan: Fault | null | undefined
  readonly infinity: Fault | null | undefined
}

/** The first that happened. */
export const earliest = (faults: readonly (Fault | null | undefined)[]): Fault | null =>
  faults.reduce<Fault | null>((first, fault) => {
    if (fault === null || fault === undefined) return first
    return first === null || fault.order < first.order ? fault : first
  }, null)

/** An equation that was evaluated. */
export interface Evaluated {
  readonly equation: Equation
  readonly operands: readonly HostArray[]
  readonly results: readonly HostArray[]
  readonly inside?: readonly Status[]
  readonly within?: readonly Enclosing[]
}

/** What is wrong with the values of an evaluation. */
export class Faults {
  /** Of the values that were looked at, by their storage. */
  readonly #known = new WeakMap<TypedArray, Status>()
  #order = 0

  /** How many faults there were so far. */
  get count(): number {
    return this.#order
  }

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

  /**
   * What is wrong with the results of an equation, and since when.
   *
   * @param inside what is wrong with the results of programs that it holds
   */
  judge({ equation, operands, results, inside = [], within = [] }: Evaluated): void {
    const statuses = operands.map((x) => this.given(x, () => null))
    for (const y of results) {
      this.given(y, (kind) => {
        const inherited = takenFrom(equation, operands, results, kind, y).map((i) => statuses[i]?.[kind] ?? null)
        const known = earliest(inherited.length > 0 ? inherited : inside.map((status) => status[kind]))
        // an infinity that is held by value is meant to be one
        const meant = kind === 'infinity' && (inherited.length > 0 || operands.length === 0)
        return known ?? (meant ? null : this.#operation(kind, equation, operands, statuses, y, within))
      })
    }
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

/** What a search looks for. */
export interface Wanted {
  /** Infinities too. Those that a program holds by value, as a mask of -∞, do not count. */
  readonly infinity?: boolean
}

/** The first fault on the way to bad results. Where infinities are looked for, one that a NaN was made of comes before it. */
export const firstOf = (statuses: readonly Status[], { infinity = false }: Wanted): NaNReport | null => {
  const wanted = infinity ? kinds : (['nan'] as const)
  const report = earliest(statuses.flatMap((status) => wanted.map((kind) => status[kind])))?.report ?? null
  return (infinity ? report?.operands.find((x) => x.infinity !== null)?.infinity : null) ?? report
}

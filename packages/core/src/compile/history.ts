/* Why functions were compiled, kept with each of them. */
import { parameterNames } from '../debug/parameterNames.js'
import { ArgumentError } from '../errors.js'
import type { AnyFunction } from '../trace/trace.js'
import type { Cause, CompileEvent } from './compileEvent.js'
import { type ArgumentNames, changesBetween, printChange, type Signature } from './signature.js'

/** At most so many changes are listed. */
const listed = 5

const causeText = ({ changes, nearest }: Cause): string => {
  if (nearest === null) return 'first call'
  const rest = changes.length - listed
  const more = rest > 0 ? [`and ${rest} more`] : []
  return [...changes.slice(0, listed).map(printChange), ...more, `(compared with ${nearest})`].join('\n     ')
}

/** Of those that failed, so many are remembered: a caller may try again for ever. */
const failuresKept = 20

interface Compilation {
  /** Counted from 1, those that failed too. */
  readonly number: number
  readonly signature: Signature
  readonly cause: Cause
  /** What came of it; `null` while it goes on, or if it failed. */
  event: CompileEvent | null
  failed: boolean
}

/** The compilations of one function, in the order they began. */
export class CompileHistory {
  readonly #all: Compilation[] = []
  #begun = 0
  readonly #names = new Map<number, ArgumentNames>()

  constructor(
    readonly f: AnyFunction,
    readonly statics: ReadonlySet<number>,
  ) {}

  /** A compilation begins, for a call with so many arguments. */
  begin(signature: Signature, count: number): Compilation {
    const failures = this.#all.filter(({ failed }) => failed)
    const [oldest] = failures
    if (oldest !== undefined && failures.length >= failuresKept) this.#all.splice(this.#all.indexOf(oldest), 1)
    const cause = this.#cause(signature, count)
    const made = { number: ++this.#begun, signature, cause, event: null, failed: false }
    this.#all.push(made)
    return made
  }

  #cause(signature: Signature, count: number): Cause {
    const [first, ...others] = this.#all.flatMap((known) =>
      known.failed
        ? []
        : [{ changes: changesBetween(known.signature, signature, this.#namesOf(count)), nearest: known.number }],
    )
    if (first === undefined) return { reason: 'first call', changes: [], nearest: null }
    const near = others.reduce((best, each) => (each.changes.length < best.changes.length ? each : best), first)
    return { reason: 'new signature', ...near }
  }

  explain(): string {
    const { name } = this.f
    const times = this.#all.filter(({ event }) => event !== null).length
    const head = `${name === '' ? 'a function' : name} was compiled ${times === 1 ? 'once' : `${times} times`}`
    const lines = this.#all.map(({ number, cause, event, failed }) => {
      const outcome =
        event === null
          ? failed
            ? 'failed'
            : 'is under way'
          : `${event.equations} equations in ${event.seconds.toPrecision(2)} s on ${event.engine}`
      return `  ${String(number).padEnd(2)} ${outcome}\n     ${causeText(cause)}`
    })
    return [head, ...lines].join('\n')
  }

  #namesOf(count: number): ArgumentNames {
    const known = this.#names.get(count)
    if (known !== undefined) return known
    const all = parameterNames(this.f, count)
    const names = {
      dynamic: all.filter((_, i) => !this.statics.has(i)),
      fixed: Array.from(this.statics, (i) => all[i] ?? `args[${i}]`),
    }
    this.#names.set(count, names)
    return names
  }
}

const histories = new WeakMap<object, CompileHistory>()

/** Keeps the history with the compiled function. */
export const withHistory = <F extends object>(compiled: F, history: CompileHistory): F => {
  histories.set(compiled, history)
  return compiled
}

/**
 * Why a compiled function was compiled, every time: what changed in its arguments since the nearest call that had a
 * program, leaf by leaf. The same is told to `onCompile` as it happens.
 *
 * @param compiled as `compile` gave it
 * @throws ArgumentError for another function
 * @example
 * const step = compile((w: Tensor, x: Tensor) => mul(w, x), referenceEngine())
 * await step(array([1, 2]), array([3, 4]))
 * await step(array([1]), array([3, 4]))
 * explainCompile(step).includes('w: f32[2] -> f32[1]') // => true
 */
export const explainCompile = (compiled: (...args: never[]) => unknown): string => {
  const history = histories.get(compiled)
  if (history !== undefined) return history.explain()
  throw new ArgumentError({
    op: 'explainCompile',
    expected: 'the function must be one that compile() gave.',
    received: compiled.name === '' ? 'another function' : compiled.name,
    todo: 'pass the compiled function itself, not the one that was compiled nor a wrapper around it',
  })
}

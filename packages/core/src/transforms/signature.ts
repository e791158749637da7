/* When two calls of a function have the same program; and arguments that are plain values. */
import { printAval } from '../aval.js'
import { ArgumentError } from '../errors.js'
import { printTree, type TreeDef } from '../pytree.js'
import { Tensor } from '../tensor.js'
import { printAxes } from '../trace/axisScope.js'
import { type AnyFunction, namedAs } from '../trace/trace.js'

// ---------------------------------------------------------------- static arguments

type ToNumber<K> = K extends `${infer N extends number}` ? N : never

/** The positions of a function's arguments. */
export type Position<A extends readonly unknown[]> = number extends A['length']
  ? number
  : ToNumber<Extract<keyof A, string>>

/** The arguments at such positions. */
export type ArgumentsAt<A extends readonly unknown[], S extends readonly number[]> = {
  [K in keyof S]: S[K] extends keyof A ? A[S[K]] : A[number]
}

/** A call's arguments, taken apart. */
export interface SplitCall {
  readonly traced: readonly unknown[]
  readonly fixed: readonly unknown[]
  /** The function of the traced arguments alone. */
  readonly f: AnyFunction
  /** All arguments again, from those that are traced. */
  readonly whole: (traced: readonly unknown[]) => readonly unknown[]
}

/**
 * Takes the static arguments out of a call.
 *
 * @throws ArgumentError for a position that cannot be, or a static argument that is a tensor or holds one
 */
export const splitCall = (
  op: string,
  f: AnyFunction,
  args: readonly unknown[],
  positions: readonly number[] = [],
): SplitCall => {
  const wrong = positions.find((i) => !Number.isInteger(i) || i < 0)
  if (wrong !== undefined) {
    throw new ArgumentError({
      op,
      expected: 'static must name positions of arguments.',
      received: `static [${positions.join(', ')}]`,
      todo: 'count from 0',
    })
  }
  const isFixed = (i: number): boolean => positions.includes(i)
  const whole = (traced: readonly unknown[]): readonly unknown[] => {
    let next = 0
    return args.map((arg, i) => (isFixed(i) ? arg : traced[next++]))
  }
  return {
    traced: args.filter((_, i) => !isFixed(i)),
    fixed: positions.map((i) => args[i]),
    f: namedAs(f.name, ((...traced) =>
      (f as (...all: readonly unknown[]) => unknown)(...whole(traced))) as AnyFunction),
    whole,
  }
}

// ---------------------------------------------------------------- keys

const identities = new WeakMap<object, number>()
let lastIdentity = 0

/** The same for the same function or object, and for no other. */
const identityOf = (x: object): string => {
  const known = identities.get(x) ?? ++lastIdentity
  identities.set(x, known)
  return `#${known}`
}

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x)
  return prototype === Object.prototype || prototype === null
}

/**
 * A static argument as part of a signature. Equal for equal values: by content for numbers, texts, arrays and plain
 * objects (as JSON writes them), by identity for everything else.
 *
 * @throws ArgumentError for a tensor, or what holds one
 */
export const printStatic = (op: string, x: unknown): string => {
  if (x instanceof Tensor) {
    throw new ArgumentError({
      op,
      expected: 'a static argument is a plain value that belongs to the program.',
      received: `a tensor, ${printAval(x.aval)}`,
      todo: 'leave its position out of static, or give a number',
    })
  }
  if (typeof x === 'string') return JSON.stringify(x)
  if (Array.isArray(x)) return `[${x.map((item: unknown) => printStatic(op, item)).join(',')}]`
  if (typeof x === 'function') return identityOf(x)
  if (typeof x === 'object' && x !== null) {
    if (!isPlain(x)) return identityOf(x)
    const entries: readonly [string, unknown][] = Object.entries(x)
    const parts = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${parts.map(([key, item]) => `${JSON.stringify(key)}:${printStatic(op, item)}`).join(',')}}`
  }
  return Object.is(x, -0) ? '-0' : `${String(x)}${typeof x === 'bigint' ? 'n' : ''}`
}

/**
 * Equal where a program traced for one call is right for another: structure, shapes and dtypes of what is traced, the
 * values of what is static, and the named axes of vmap around the call.
 */
export const signatureOf = (
  op: string,
  leaves: readonly Tensor[],
  def: TreeDef,
  fixed: readonly unknown[] = [],
): string =>
  [printTree(def), ...leaves.map((x) => printAval(x.aval)), ...fixed.map((x) => printStatic(op, x)), printAxes()].join(
    ' ',
  )

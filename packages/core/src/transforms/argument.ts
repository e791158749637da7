/* Which arguments of a function are differentiated, in values and in types. */
import { ArgumentError } from '../errors.js'
import { type AnyFunction, namedAs } from '../trace/trace.js'

/** What `grad`, `valueAndGrad`, `jacfwd`, `jacrev` and `hessian` may be told. */
export interface GradOptions {
  /** Which argument to differentiate, or a list of them; the first by default. */
  readonly argument?: number | readonly number[]
}

type ArgumentAt<A extends readonly unknown[], I> = I extends keyof A ? A[I] : A[number]

/** The argument that is differentiated, with the caller's type; for a list of positions the tuple of them. */
export type Argument<A extends readonly unknown[], O extends GradOptions> = O extends { readonly argument: infer I }
  ? I extends readonly number[]
    ? { readonly [K in keyof I]: ArgumentAt<A, I[K]> }
    : ArgumentAt<A, I>
  : A[0]

/** A function of the chosen arguments alone, and their values. */
export interface Chosen {
  readonly f: AnyFunction
  readonly args: readonly unknown[]
  /** Which arguments these are. */
  readonly places: readonly number[]
  /** Puts what belongs to the chosen arguments, one entry each, as the caller asked: alone, or as a list. */
  readonly asAsked: (each: readonly unknown[]) => unknown
}

/**
 * Fixes all arguments but the chosen ones.
 *
 * @throws ArgumentError for positions that are not there, or named twice
 */
export const choose = (
  op: string,
  f: AnyFunction,
  args: readonly unknown[],
  argument: number | readonly number[] = 0,
): Chosen => {
  const places: readonly number[] = typeof argument === 'number' ? [argument] : argument
  const exist = places.every((i) => Number.isInteger(i) && i >= 0 && i < args.length)
  if (!exist || new Set(places).size < places.length || places.length === 0) {
    throw new ArgumentError({
      op,
      expected:
        typeof argument === 'number'
          ? `the argument to differentiate must be one of the ${args.length} given.`
          : `the arguments to differentiate must be some of the ${args.length} given, each named once.`,
      received: `argument ${typeof argument === 'number' ? argument : `[${places.join(', ')}]`}`,
      todo: 'count from 0',
    })
  }
  const of = (...some: readonly unknown[]): unknown => {
    const filled = args.map((arg, i) => (places.includes(i) ? some[places.indexOf(i)] : arg))
    return (f as (...all: readonly unknown[]) => unknown)(...filled)
  }
  return {
    f: namedAs(f.name, of as AnyFunction),
    args: places.map((i) => args[i]),
    places,
    asAsked: (each) => (typeof argument === 'number' ? each[0] : each),
  }
}

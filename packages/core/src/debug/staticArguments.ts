import { type AnyFunction, namedAs } from '../trace/trace.js'

/** A function of its dynamic arguments, the static ones fixed, and those arguments. */
export const fixedArguments = (
  f: AnyFunction,
  args: readonly unknown[],
  statics: readonly number[] = [],
): { readonly f: AnyFunction; readonly dynamic: readonly unknown[] } => {
  const isStatic = (i: number): boolean => statics.includes(i)
  const ofDynamic = (...dynamic: readonly never[]): unknown => {
    let next = 0
    return f(...args.map((arg, i) => (isStatic(i) ? arg : dynamic[next++]) as never)) // border: types as they were given
  }
  return { f: namedAs(f.name, ofDynamic), dynamic: args.filter((_, i) => !isStatic(i)) }
}

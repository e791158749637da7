import { type Compiled, type CompileOptions, compile, type Engine } from '@cotangent/core'

/** A compiled function, and the operations of its last call's program. */
export interface Counted<A extends readonly unknown[], R> {
  readonly call: Compiled<A, R>
  /** Floating-point operations of one call, counted from shapes; 0 before the first. */
  readonly flop: () => number
}

/** `compile`, with its work counted. */
export const compileCounted = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  engine: Engine,
  options: CompileOptions = {},
): Counted<A, R> => {
  let flop = 0
  const call = compile(f, engine, {
    ...options,
    onCompile: (event) => {
      flop = event.flops
    },
  })
  return { call, flop: () => flop }
}

/* Laws of tracing: once for each signature, nothing left behind. */
import { grad, HostTensor, jit, sum, type Tensor, treeFlatten, vmap } from '@cotangent/core'
import { LawError } from './lawError.js'
import { type AnyFunction, applied, problemOf } from './problem.js'

/**
 * A jitted function runs once for each signature (shapes, dtypes, structure) of its arguments, whatever their values.
 *
 * @param f that closes over no tensor
 * @param args a few lists of arguments, in any order
 * @param signatures how many different signatures they have
 */
export const tracedOncePerSignature = (
  f: AnyFunction,
  args: readonly (readonly unknown[])[],
  signatures: number,
): void => {
  let runs = 0
  const counted = jit((...xs: readonly unknown[]) => {
    runs++
    return applied(f, xs)
  })
  for (const list of [...args, ...args]) counted(...list)
  if (runs === signatures) return
  throw new LawError({
    check: 'traced once',
    expected: `${signatures} signatures must be traced ${signatures} times.`,
    received: `${runs} runs for ${2 * args.length} calls`,
  })
}

const firstOf = (xs: readonly Tensor[]): Tensor => {
  const [x] = xs
  if (x === undefined) throw new Error('a law of tracing needs a floating argument and result')
  return x
}

/**
 * A function that throws while it is traced leaves nothing behind: called again it works, its results are tensors on
 * the host, and what it gives is the same as before.
 */
export const throwingLeavesNothing = (f: AnyFunction, args: readonly unknown[]): void => {
  const { f: list, xs } = problemOf(f, args)
  let stop = false
  const fragile = (...all: readonly Tensor[]): Tensor => {
    const ys = list(all)
    if (stop) throw new Error('stop')
    return sum(firstOf(ys))
  }
  const transforms: Readonly<Record<string, () => unknown>> = {
    'no transform': () => fragile(...xs),
    jit: () => jit(fragile)(...xs),
    grad: () => grad((list: readonly Tensor[]) => fragile(...list))(xs),
    vmap: () => vmap(fragile)(...xs.map((x) => new HostTensor(x.data, [1, ...x.shape], x.dtype))),
  }
  for (const [name, run] of Object.entries(transforms)) {
    const values = (): readonly number[] =>
      treeFlatten(run())[0].flatMap((y) => {
        if (!(y instanceof HostTensor))
          throw new LawError({
            check: 'throwing',
            expected: 'results must be on the host.',
            received: `${y} under ${name}`,
          })
        return Array.from<number>(y.data)
      })
    stop = false
    const before = values()
    stop = true
    try {
      run()
    } catch {
      // what is asked is what comes afterwards
    }
    stop = false
    const after = values()
    if (before.every((value, i) => Object.is(value, after[i]))) continue
    throw new LawError({
      check: 'throwing',
      expected: `${name} must give the same after a call that threw.`,
      received: `${before} before, ${after} after`,
    })
  }
}

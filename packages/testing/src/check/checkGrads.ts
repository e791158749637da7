import { derivativeIsRight } from '../laws/differences.js'
import { cotangentsFitArguments, vjpIsLinear } from '../laws/linearity.js'
import type { AnyFunction } from '../laws/problem.js'
import type { DerivativeOptions } from '../laws/settings.js'

/**
 * Checks a function's derivatives at a point, for use in any test runner: it throws, or returns nothing.
 *
 * The f32 program is evaluated in f64, where a wrong derivative shows at 1e-6. Compared are: the tangent with a central
 * difference (in a random direction, for each argument, and for each coordinate of small ones), the backward pass with
 * the forward pass (`<w, J u> = <Jᵀ w, u>`), and both once more for each of the two derivatives (second order).
 *
 * At a kink (relu at 0, a tie of a maximum) there is no derivative to compare with: choose arguments away from them.
 *
 * @param f a pure function of pytrees; any number of results. Arguments that are not floating are fixed
 * @param args the point
 * @param options `{ order: 1 }` for functions that have no second derivative, `{ forward: false }` over a customVjp,
 * `{ backward: false }` over a whileLoop, `seed` for another direction
 * @throws LawError naming the check that broke, the argument's path, the numbers, the seed, and the program
 * @example test('energy', () => checkGrads(energy, [params, array([[0.5, -1]])]))
 */
export const checkGrads = <A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  args: A,
  options: DerivativeOptions = {},
): void => {
  const order = options.order ?? (options.forward === false ? 1 : 2)
  const untyped = f as AnyFunction // border: its arguments' structure is data
  derivativeIsRight(untyped, args, { ...options, order })
  if (options.backward === false) return
  cotangentsFitArguments(untyped, args)
  vjpIsLinear(untyped, args, options.seed)
}

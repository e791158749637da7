/* Loops whose number of steps depends on values. */
import { aval, printAval, sameAval } from '../aval.js'
import { DTypeError } from '../errors.js'
import { add } from '../primitives/arithmetic.js'
import { less } from '../primitives/choice.js'
import { iota } from '../primitives/sequence.js'
import { type Leaves, treeFlatten, treeUnflatten } from '../pytree.js'
import { literal, Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, traceTree } from '../trace/trace.js'
import { checkAlike } from './results.js'
import { scan, stepsBetween } from './scan.js'
import { whilePrimitive } from './whilePrimitive.js'

/**
 * Applies `body` to the carry as long as `test` of it is true.
 *
 * It has a derivative forwards only: backwards, the values of every step would have to be kept, and their number is not
 * known. Under `vmap` it goes on until the test fails for all examples; those that are done keep their carry.
 *
 * @param test a pure function of the carry; returns a bool scalar
 * @param body a pure function; keeps the structure, shapes and dtypes of the carry
 * @throws DTypeError, ShapeError, TreeMismatchError; MissingRuleError for a backward derivative
 * @example whileLoop((x) => less(x, 100), (x) => mul(x, 2), scalar(3)) // => 192
 */
export const whileLoop = <C>(
  test: (carry: Leaves<C>) => Tensor,
  body: (carry: Leaves<C>) => Leaves<C>,
  init: C,
): Leaves<C> => {
  const [carry, def] = treeFlatten(init)
  const avals = carry.map((x) => x.aval)
  const args = { kind: 'array', items: [def] } as const
  const tested = traceTree('whileLoop', test as AnyFunction, args, avals)
  const moved = traceTree('whileLoop', body as AnyFunction, args, avals)
  const [answer, ...more] = tested.ir.outputs
  if (answer === undefined || more.length > 0 || !sameAval(answer.aval, aval([], 'bool'))) {
    throw new DTypeError({
      op: 'whileLoop',
      expected: 'the test must return one bool scalar.',
      received: `the test's result ${tested.ir.outputs.map((atom) => printAval(atom.aval)).join(', ') || 'null'}`,
      todo: 'compare with less() or equal(); all of several: reduce them first',
    })
  }
  checkAlike(
    'whileLoop',
    ['the first carry', { def, avals }],
    ['the carry that the body returns', { def: moved.out, avals: moved.ir.outputs.map((atom) => atom.aval) }],
  )
  const results = bind(whilePrimitive, [...tested.captured, ...moved.captured, ...carry], {
    test: tested.ir,
    body: moved.ir,
    testConstants: tested.captured.length,
    bodyConstants: moved.captured.length,
  })
  return treeUnflatten<Leaves<C>>(def, results)
}

/**
 * `for (i = lower; i < upper; i++) carry = body(i, carry)`
 *
 * With numbers as bounds it is a `scan` and has all derivatives; with tensors it is a `whileLoop`.
 *
 * @param lower a whole number, or an i32 scalar
 * @param upper likewise; not reached
 * @param body a pure function `(i, carry) => carry`, i an i32 scalar
 * @example foriLoop(0, 5, (i, product) => mul(product, 2), scalar(1)) // => 32
 */
export const foriLoop = <C>(
  lower: number | Tensor,
  upper: number | Tensor,
  body: (i: Tensor, carry: Leaves<C>) => Leaves<C>,
  init: C,
): Leaves<C> => {
  if (typeof lower === 'number' && typeof upper === 'number') {
    const steps = stepsBetween('foriLoop', lower, upper)
    const indices = add(iota(steps), lower)
    return scan((carry, i) => [body(i, carry), null] as const, init, indices)[0]
  }
  const [first, last] = [lower, upper].map((bound) =>
    bound instanceof Tensor ? bound : literal(bound, 'i32', 'foriLoop'),
  )
  if (first === undefined || last === undefined) throw new Error('unreachable')
  const [, result] = whileLoop(
    ([i]) => less(i, last),
    ([i, carry]) => [add(i, 1), body(i, carry)] as const,
    [first, init] as const,
  )
  return result
}

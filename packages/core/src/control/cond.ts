/* Choices of which only one branch is evaluated. */
import { isFloating, printAval } from '../aval.js'
import { ArgumentError, DTypeError } from '../errors.js'
import { maximum, minimum } from '../primitives/arithmetic.js'
import { cast } from '../primitives/choice.js'
import { treeFlatten, treeUnflatten } from '../pytree.js'
import { literal, type Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, trace } from '../trace/trace.js'
import { condPrimitive } from './condPrimitive.js'
import { checkAlike, withCaptured } from './results.js'

type Branch<A extends readonly unknown[], R> = (...operands: A) => R

const choose = <A extends readonly unknown[], R>(
  op: string,
  names: readonly string[],
  index: Tensor,
  branches: readonly Branch<A, R>[],
  operands: A,
): R => {
  const [leaves] = treeFlatten(operands)
  const traced = branches.map((branch) => trace(op, branch as AnyFunction, operands))
  const [first] = traced
  if (first === undefined) throw new Error('unreachable: at least one branch')
  const resultsOf = ({ ir, out }: typeof first) => ({ def: out, avals: ir.outputs.map((atom) => atom.aval) })
  for (const [i, other] of traced.entries()) {
    checkAlike(op, [`${names[0]}'s result`, resultsOf(first)], [`${names[i]}'s result`, resultsOf(other)])
  }
  const captured = [...new Set(traced.flatMap((branch) => branch.captured))]
  const results = bind(condPrimitive, [index, ...captured, ...leaves], {
    branches: traced.map((branch) => withCaptured(branch.ir, branch.captured, captured)),
  })
  return treeUnflatten<R>(first.out, results)
}

/**
 * `predicate ? onTrue(...operands) : onFalse(...operands)`, where only one of them is evaluated.
 *
 * Derivatives pass through the branch that is taken. Under `vmap` with a predicate for each example both branches are
 * evaluated, and each example takes its own: then an infinite derivative in the branch not taken gives NaN, as with
 * `where`.
 *
 * @param predicate bool scalar
 * @param onTrue a pure function of the operands
 * @param onFalse likewise; its result has the same structure, shapes and dtypes
 * @throws DTypeError, ShapeError, TreeMismatchError
 * @example cond(greater(scalar(2), 0), (x) => mul(x, 10), (x) => mul(x, -1), scalar(2)) // => 20
 */
export const cond = <A extends readonly unknown[], R>(
  predicate: Tensor,
  onTrue: Branch<A, R>,
  onFalse: Branch<A, R>,
  ...operands: A
): R => {
  if (predicate.dtype !== 'bool' || predicate.rank !== 0) {
    throw new DTypeError({
      op: 'cond',
      expected: 'the predicate must be a bool scalar.',
      received: `predicate ${printAval(predicate.aval)}`,
      todo: predicate.rank > 0 ? 'use where() for a choice element by element, or vmap' : 'compare it: notEqual(x, 0)',
    })
  }
  return choose('cond', ['onFalse', 'onTrue'], cast(predicate, 'i32'), [onFalse, onTrue], operands)
}

/**
 * `branches[index](...operands)`, where only that branch is evaluated; an index outside is the nearest branch.
 *
 * @param index i32 scalar, or a whole number
 * @param branches at least one pure function; their results have the same structure, shapes and dtypes
 * @throws ArgumentError, DTypeError, ShapeError, TreeMismatchError
 * @see cond, for two branches; JAX calls it `switch`, which JavaScript keeps for itself
 * @example switchCase(1, [(x) => x, (x) => mul(x, x), (x) => neg(x)], scalar(3)) // => 9
 */
export const switchCase = <A extends readonly unknown[], R>(
  index: Tensor | number,
  branches: readonly Branch<A, R>[],
  ...operands: A
): R => {
  if (branches.length === 0) {
    throw new ArgumentError({
      op: 'switchCase',
      expected: 'there must be at least one branch.',
      received: 'an empty array',
      todo: 'give the functions to choose from',
    })
  }
  const chosen = typeof index === 'number' ? literal(index, 'i32', 'switchCase') : index
  if (chosen.dtype !== 'i32' || chosen.rank !== 0) {
    throw new DTypeError({
      op: 'switchCase',
      expected: 'the index must be an i32 scalar.',
      received: `index ${printAval(chosen.aval)}`,
      todo: isFloating(chosen.dtype) ? 'cast it to i32' : 'choose by one number; vmap makes it many',
    })
  }
  const names = branches.map((_, i) => `branch ${i}`)
  const within = minimum(maximum(chosen, 0), branches.length - 1)
  return choose('switchCase', names, within, branches, operands)
}

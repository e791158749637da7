/* Draws from a list. The formulas are those of jax.random.choice. Letters: n things, p probabilities, c drawn. */
import { printAval, type Shape, sizeOf } from '../aval.js'
import { ArgumentError, ShapeError } from '../errors.js'
import { add, log, mul, sub } from '../primitives/arithmetic.js'
import { reshape } from '../primitives/broadcast.js'
import { cumsum } from '../primitives/cumulative.js'
import { take } from '../primitives/indexing.js'
import { slice } from '../primitives/sequence.js'
import { searchSorted } from '../primitives/sorting.js'
import { topK } from '../primitives/topK.js'
import { Tensor } from '../tensor.js'
import { gumbel, permutation, randint, uniform } from './random.js'

/** How things are drawn. */
export interface ChoiceOptions {
  /** Whether a thing may come more than once; true unless given. */
  readonly replace?: boolean
  /** [n]: how likely each is, 0 or more, in any unit; all alike unless given. */
  readonly p?: Tensor
}

/**
 * Draws from the whole numbers below n, or from the rows of a tensor. Without replacement things are drawn one after the
 * other, each by the probabilities of those that are left; those of probability 0 come last.
 *
 * @param from n, or a tensor [n, ...s]
 * @param shape of what is drawn: a number, or a row, at each place
 * @returns i32 of this shape, or [...shape, ...s] in the tensor's dtype
 * @throws ShapeError where there is nothing to draw from, without replacement too little, or p is not [n]; ArgumentError
 * @see numpy.random.choice; jax.random.choice; torch.multinomial
 * @example choice(key(0), 10, [3]) // => [9, 0, 2]
 * @example choice(key(0), array([5, 5]), [2]) // => [5, 5]
 */
export const choice = (k: Tensor, from: number | Tensor, shape: Shape, options: ChoiceOptions = {}): Tensor => {
  const n = from instanceof Tensor ? (from.shape[0] ?? 0) : from
  checkChoice(n, from, shape, options)
  const picks = options.replace === false ? withoutReplacement(k, n, shape, options.p) : drawn(k, n, shape, options.p)
  return from instanceof Tensor ? take(from, picks) : picks
}

/** The first place whose cumulative probability reaches total · (1 − u): u in [0, 1), so none of probability 0 does. */
const drawn = (k: Tensor, n: number, shape: Shape, p: Tensor | undefined): Tensor => {
  if (p === undefined) return randint(k, shape, 0, n)
  const sums = cumsum(p)
  const total = reshape(slice(sums, [n - 1], [n]), [])
  return searchSorted(sums, mul(total, sub(1, uniform(k, shape))))
}

/** The largest of log p + Gumbel noise, in order; without p the first of a permutation. */
const withoutReplacement = (k: Tensor, n: number, shape: Shape, p: Tensor | undefined): Tensor => {
  const c = sizeOf(shape)
  if (p === undefined || c === 0) return reshape(slice(permutation(k, n), [0], [c]), shape)
  return reshape(topK(add(gumbel(k, [n]), log(p)), c)[1], shape)
}

const checkChoice = (n: number, from: number | Tensor, shape: Shape, { replace = true, p }: ChoiceOptions): void => {
  const received = `from ${from instanceof Tensor ? printAval(from.aval) : from}, shape [${shape.join(',')}]`
  if (!(from instanceof Tensor) && !Number.isInteger(n)) {
    throw new ArgumentError({
      op: 'choice',
      expected: 'there must be a whole number of things, or a tensor.',
      received,
      todo: 'give the number of things to draw from',
    })
  }
  if (n < 1 || (!replace && sizeOf(shape) > n)) {
    throw new ShapeError({
      op: 'choice',
      expected: replace ? 'there must be something to draw from.' : 'no more may be drawn than there is.',
      received,
      todo: 'draw less, or with replacement',
    })
  }
  if (p !== undefined && (p.rank !== 1 || p.shape[0] !== n)) {
    throw new ShapeError({
      op: 'choice',
      expected: `there must be one probability for each of the ${n} things.`,
      received: `p ${printAval(p.aval)}, ${received}`,
      todo: 'give p the shape [n]',
    })
  }
}

/* Einstein's summation, as transposes, diagonals, sums and `dotGeneral`. A term is one letter per axis of its tensor. */
import { printAval } from '../aval.js'
import { AxisError, ShapeError } from '../errors.js'
import type { Tensor } from '../tensor.js'
import { axisLength } from './axes.js'
import { reduceSum, transpose } from './broadcast.js'
import { checkPair, dotGeneral } from './contraction.js'
import { diagonal } from './diagonal.js'

/** A tensor whose axes have names, each of them once. */
interface Term {
  readonly x: Tensor
  readonly letters: readonly string[]
}

const badSpec = (spec: string, xs: readonly Tensor[], expected: string): AxisError =>
  new AxisError({
    op: 'einsum',
    expected,
    received: `'${spec}' for ${xs.map((x) => printAval(x.aval)).join(', ') || 'no tensor'}`,
    todo: "write one letter per axis, as in 'bqd,bkd->bqk'",
  })

/**
 * Einstein's summation: letters in several terms are paired, a letter twice in one term means its diagonal, letters
 * missing from the result are summed over. Of more than two tensors, the pair whose product takes the fewest
 * multiplications comes first.
 *
 * @param spec one letter per axis, as `'bqhd,bkhd->bhqk'`
 * @throws AxisError for letters that do not fit the tensors, ShapeError where lengths differ, DTypeError
 * @example einsum('ij,jk->ik', array([[1, 2]]), array([[3], [4]])) // => [[11]]
 * @example einsum('ii->i', array([[1, 2], [3, 4]])) // => [1, 4]
 */
export const einsum = (spec: string, ...xs: readonly Tensor[]): Tensor => {
  const { terms, to } = parsed(spec, xs)
  checkLetters(spec, terms, xs)
  const named = xs.map((x, i) => withoutRepeats({ x, letters: [...(terms[i] ?? '')] }))
  const needed = (others: readonly Term[]): ReadonlySet<string> =>
    new Set([...to, ...others.flatMap(({ letters }) => letters)])
  let left = named.map((term, i) => summed(term, needed(named.toSpliced(i, 1))))
  while (left.length > 1) {
    const [i, j] = cheapest(left)
    const [a, b] = [left[i], left[j]]
    if (a === undefined || b === undefined) throw new Error('cheapest gives places of terms')
    const others = left.filter((_, at) => at !== i && at !== j)
    left = others.toSpliced(i, 0, product(a, b, needed(others)))
  }
  const [last] = left
  if (last === undefined) throw new Error('there is a term per tensor, and one at least')
  return transpose(
    last.x,
    [...to].map((letter) => last.letters.indexOf(letter)),
  )
}

const parsed = (spec: string, xs: readonly Tensor[]): { readonly terms: readonly string[]; readonly to: string } => {
  const [from = '', to, ...more] = spec.replaceAll(' ', '').split('->')
  const terms = from.split(',')
  if (to === undefined || more.length > 0 || terms.length !== xs.length) {
    throw badSpec(spec, xs, 'there must be one term per tensor, and one result.')
  }
  if (!terms.every((term, i) => term.length === xs[i]?.rank) || new Set(to).size < to.length) {
    throw badSpec(spec, xs, 'each term needs one letter per axis, and the result none twice.')
  }
  if (![...to].every((letter) => terms.some((term) => term.includes(letter)))) {
    throw badSpec(spec, xs, 'each letter of the result must occur in a term.')
  }
  return { terms, to }
}

/** Each letter stands for one length; all tensors have one dtype. */
const checkLetters = (spec: string, terms: readonly string[], xs: readonly Tensor[]): void => {
  const [first, ...others] = xs
  if (first !== undefined) for (const other of others) checkPair('einsum', first, other)
  const lengths = new Map<string, number>()
  for (const [i, x] of xs.entries()) {
    for (const [axis, length] of x.shape.entries()) {
      const letter = terms[i]?.[axis] ?? ''
      const known = lengths.get(letter) ?? length
      lengths.set(letter, known)
      if (known === length) continue
      throw new ShapeError({
        op: 'einsum',
        expected: 'a letter must stand for axes of one length.',
        received: `'${spec}' for ${xs.map((t) => printAval(t.aval)).join(', ')} (${letter} is ${known} and ${length})`,
        todo: 'give axes of different length different letters, or transpose an operand',
      })
    }
  }
}

/** The diagonal of each letter that is there twice. */
const withoutRepeats = ({ x, letters }: Term): Term => {
  const second = letters.findIndex((letter, i) => letters.indexOf(letter) < i)
  const letter = letters[second]
  if (letter === undefined) return { x, letters }
  const first = letters.indexOf(letter)
  const others = letters.flatMap((_, axis) => (axis === first || axis === second ? [] : [axis]))
  return withoutRepeats({
    x: diagonal(transpose(x, [...others, first, second])),
    letters: [...others.map((axis) => letters[axis] ?? ''), letter],
  })
}

/** Summed over the letters that nothing else needs. */
const summed = ({ x, letters }: Term, needed: ReadonlySet<string>): Term => ({
  x: reduceSum(
    x,
    letters.flatMap((letter, axis) => (needed.has(letter) ? [] : [axis])),
  ),
  letters: letters.filter((letter) => needed.has(letter)),
})

/** Multiplications that the product of two terms takes: the lengths of all letters in either. */
const cost = (a: Term, b: Term): number => {
  const alone = b.letters.flatMap((letter, axis) => (a.letters.includes(letter) ? [] : [axisLength(b.x.shape, axis)]))
  return alone.reduce((size, length) => size * length, a.x.size)
}

/** Places of the two terms to multiply next: the cheapest pair, the first of equal ones. */
const cheapest = (terms: readonly Term[]): readonly [number, number] => {
  const pairs = terms.flatMap((a, i) => terms.slice(i + 1).map((b, k) => ({ i, j: i + 1 + k, cost: cost(a, b) })))
  const { i, j } = pairs.reduce((best, pair) => (pair.cost < best.cost ? pair : best))
  return [i, j]
}

/** The product of two terms, summed over the letters that nothing else needs. */
const product = (left: Term, right: Term, needed: ReadonlySet<string>): Term => {
  const [a, b] = [
    summed(left, new Set([...needed, ...right.letters])),
    summed(right, new Set([...needed, ...left.letters])),
  ]
  const shared = a.letters.filter((letter) => b.letters.includes(letter))
  const places = (letters: readonly string[]) =>
    [letters.map((l) => a.letters.indexOf(l)), letters.map((l) => b.letters.indexOf(l))] as const
  const [batch, contract] = [shared.filter((l) => needed.has(l)), shared.filter((l) => !needed.has(l))]
  return {
    x: dotGeneral(a.x, b.x, { contract: places(contract), batch: places(batch) }),
    letters: [
      ...batch,
      ...a.letters.filter((l) => !shared.includes(l)),
      ...b.letters.filter((l) => !shared.includes(l)),
    ],
  }
}

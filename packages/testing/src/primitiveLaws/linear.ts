/*
 * Laws of what is linear: exact on whole numbers, and its transpose rule is the transpose. A primitive is linear in one
 * operand with the others fixed (mul), in several together (add), or where the program it holds is (call).
 */
import { isFloating, linearTranspose, MissingRuleError, type Tensor, zerosLike } from '@cotangent/core'
import * as fc from 'fast-check'
import { forAll } from '../check/forAll.js'
import { LawError } from '../laws/lawError.js'
import { linearIsExact } from '../laws/linearity.js'
import { dot, dotScale } from '../laws/numbers.js'
import { digits } from '../laws/settings.js'
import { type ListFunction, mapData } from '../oracle.js'
import type { Case } from '../primitives/case.js'
import type { RecordLaw, Subject } from './law.js'
import { hasFloats, isDifferentiable, isLinear, where } from './reasons.js'

/** A function that is linear in its arguments, at whole numbers. */
interface Linear {
  readonly f: ListFunction
  readonly xs: readonly Tensor[]
}

/** Division by it is exact. */
const powerOfTwo = (x: number): number => 2 ** Math.round(x / 2)

/** Operands on which sums and products are exact; one that it is not linear in may divide. */
const exactOperands = ({ facts }: Subject, { operands }: Case): readonly Tensor[] =>
  operands.map((x, i) => {
    if (!isFloating(x.dtype)) return x
    return mapData(x, facts().linearIn.includes(i) ? Math.round : powerOfTwo)
  })

/** The case as a function of the chosen operands. */
const inOperands = (c: Case, operands: readonly Tensor[], chosen: readonly number[]): Linear => ({
  f: (values) => c.apply(operands.map((x, i) => values[chosen.indexOf(i)] ?? x)),
  xs: chosen.flatMap((i) => operands[i] ?? []),
})

const isRefused = (run: () => unknown): boolean => {
  try {
    run()
    return false
  } catch (error) {
    if (error instanceof MissingRuleError) return true
    throw error
  }
}

const transposed = ({ f, xs }: Linear) => linearTranspose((list: readonly Tensor[]) => [...f(list)], xs)

/** All operands together, where it is linear in them so (add, concat); else each with the others fixed (mul). */
const linearParts = (subject: Subject, c: Case): readonly Linear[] => {
  const { linearIn } = subject.facts()
  const operands = exactOperands(subject, c)
  const chosen = linearIn.filter((i) => i < operands.length && isFloating(operands[i]?.dtype ?? 'bool'))
  if (subject.generator.linear !== undefined) {
    const floats = operands.flatMap((x, i) => (isFloating(x.dtype) ? [i] : []))
    return [
      inOperands(
        c,
        operands.map((x) => (isFloating(x.dtype) ? mapData(x, Math.round) : x)),
        floats,
      ),
    ]
  }
  if (chosen.length === 0 || !c.apply(operands).every((y) => isFloating(y.dtype))) return []
  const together = inOperands(c, operands, chosen)
  return isRefused(() => transposed(together)) ? chosen.map((i) => inOperands(c, operands, [i])) : [together]
}

const linearCases = ({ generator: { tame, linear = tame } }: Subject): fc.Arbitrary<Case> => linear

const exactness: RecordLaw = {
  name: 'linear is exact',
  statement: 'f(x + u) - f(x) = J u on small whole numbers, where it is linear',
  tolerance: 'exact: no rounding happens',
  examples: 100,
  about: ['jvp', 'evaluate'],
  on: 'reference',
  applies: where('linear is exact', hasFloats, isLinear, isDifferentiable('forwards')),
  check: (subject, runs) =>
    forAll(
      [linearCases(subject), fc.nat(1000)],
      (c, seed) => {
        for (const { f, xs } of linearParts(subject, c))
          linearIsExact((...list: readonly Tensor[]) => f(list), xs, seed)
      },
      runs,
    ),
}

/** Whole numbers from -2 to 2. */
const smallWhole = (like: Tensor, seed: number): Tensor => mapData(zerosLike(like), (_, i) => ((i * 7 + seed) % 5) - 2)

const transpose: RecordLaw = {
  name: 'transpose',
  statement: '<w, L u> = <Lᵀ w, u> on small whole numbers, where it is linear',
  tolerance: 'exact: no rounding happens',
  examples: 100,
  about: ['transpose'],
  on: 'reference',
  applies: where('transpose', hasFloats, isLinear),
  check: (subject, runs) =>
    forAll(
      [linearCases(subject), fc.nat(1000)],
      (c, seed) => {
        for (const part of linearParts(subject, c)) {
          const us = part.xs.map((x, i) => smallWhole(x, seed + i))
          const results = part.f(us)
          const ws = results.map((y, i) => smallWhole(y, seed + 1 + i))
          const [pulled = []] = transposed(part)([...ws])
          const [left, right] = [dot(ws, results), dot(pulled, us)]
          if (left === right) continue
          throw new LawError({
            check: 'transpose',
            expected: '<w, L u> must equal <Lᵀ w, u>.',
            received: `${digits(left)} and ${digits(right)}, of terms that add up to ${digits(dotScale(ws, results))}`,
          })
        }
      },
      runs,
    ),
}

export const linearLaws: readonly RecordLaw[] = [exactness, transpose]

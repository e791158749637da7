import type { HostArray, Tensor } from '@cotangent/core'
import { LawError } from '../laws/lawError.js'
import { digits } from '../laws/settings.js'
import type { Case } from '../primitives/case.js'

/** The case as a function of its operands. */
export const functionOf =
  ({ apply }: Pick<Case, 'apply'>) =>
  (...xs: readonly Tensor[]): readonly Tensor[] =>
    apply(xs)

type Numbers = Pick<HostArray, 'data'>

const largestOf = ({ data }: Numbers): number => {
  let most = 0
  for (const x of data) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x))
  return most
}

/**
 * Element by element: within `rtol` of the largest of the result (at least 1), NaN and infinities alike.
 *
 * @throws LawError
 */
export const closeInF64 = (
  check: string,
  expected: readonly Numbers[],
  received: readonly Numbers[],
  rtol: number,
): void => {
  for (const [result, y] of expected.entries()) {
    const allowed = rtol * Math.max(1, largestOf(y))
    for (const [place, value] of y.data.entries()) {
      const other = received[result]?.data[place] ?? Number.NaN
      if (Object.is(value, other) || value === other || Math.abs(value - other) <= allowed) continue
      throw new LawError({
        check,
        expected: `element ${place} of result ${result} must be ${digits(value)}.`,
        received: `${digits(other)}; they differ by ${digits(Math.abs(value - other))}, allowed ${digits(allowed)}`,
      })
    }
  }
}

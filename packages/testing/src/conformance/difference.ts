import { printAval, sameAval, type Tensor } from '@cotangent/core'
import { classOf, flushed } from '../compare/floats.js'
import type { Tolerance } from '../compare/tolerance.js'

/** The first place where results are not as they should be. */
export interface Difference {
  readonly what: string
  readonly result: number
  readonly index: number
  readonly expected: string
  readonly received: string
  readonly allowed: number
}

interface Settings {
  readonly slack: number
  readonly nonFinite: 'equal' | 'any'
}

/**
 * Compares results with what is accepted (one list of results, or two where subnormal operands may count as 0).
 * An element must be right under one of them; subnormal results count as 0, and -0 as 0.
 */
export const firstDifference = (
  accepted: readonly (readonly Tensor[])[],
  received: readonly Tensor[],
  tolerance: Tolerance,
  settings: Settings,
): Difference | null => {
  const [expected = []] = accepted
  if (expected.length !== received.length) {
    return {
      what: 'the number of results',
      result: 0,
      index: 0,
      expected: `${expected.length}`,
      received: `${received.length}`,
      allowed: 0,
    }
  }
  for (const [result, y] of received.entries()) {
    const right = expected[result]
    if (right === undefined || !sameAval(right.aval, y.aval)) {
      const printed = right === undefined ? 'nothing' : printAval(right.aval)
      return { what: 'the aval', result, index: 0, expected: printed, received: printAval(y.aval), allowed: 0 }
    }
    for (const [index, value] of y.data.entries()) {
      const candidates = accepted.map((list) => list[result]?.data[index] ?? Number.NaN)
      if (candidates.some((candidate) => agrees(candidate, value, tolerance, index, result, settings))) continue
      const [candidate = Number.NaN] = candidates
      return {
        what: 'an element',
        result,
        index,
        expected: String(candidate),
        received: String(value),
        allowed: settings.slack * tolerance.allowed(candidate, index, result),
      }
    }
  }
  return null
}

const agrees = (
  expected: number,
  received: number,
  tolerance: Tolerance,
  index: number,
  result: number,
  { slack, nonFinite }: Settings,
): boolean => {
  const [a, b] = [flushed(expected), flushed(received)]
  if (a === b) return true
  if (!Number.isFinite(a) && nonFinite === 'any') return true
  const allowed = slack * tolerance.allowed(expected, index, result)
  if (allowed === Number.POSITIVE_INFINITY) return true
  // next to the largest f32, an error within the tolerance may overflow
  if (classOf(a) !== classOf(b))
    return (
      Math.abs(a) !== Math.abs(b) && Math.abs(Math.abs(a) + allowed) >= 3.4028235e38 && Math.sign(a) === Math.sign(b)
    )
  return Number.isNaN(a) || Math.abs(a - b) <= allowed
}

/*
 * Values and gradients of losses and regularisers: ranges, points where they are known, formulas, what stays finite.
 * Computed in f64 from the f32 program, and in f32 besides where overflow is what is asked about.
 */
import type { Tensor } from '@cotangent/core'
import { oracle } from '../oracle.js'
import {
  broken,
  columns,
  type LossLawOptions,
  type LossOf,
  lossAt,
  lossInF64,
  lossInOwnDtype,
  tolerance,
} from './lossValue.js'
import { mismatch } from './mismatch.js'
import { dot, largest, linear } from './numbers.js'
import { direction } from './problem.js'
import { digits } from './settings.js'

/** The value lies in [low, high], in f32 and in f64, but for `slack` of rounding. */
export const staysWithin = (loss: LossOf, inputs: readonly Tensor[], low: number, high: number, slack = 1e-5): void => {
  for (const value of [lossInOwnDtype(loss, inputs).value, lossInF64(loss, inputs).value]) {
    if (!(value >= low - slack && value <= high + slack)) {
      throw broken({ loss, inputs }, 'range', `the loss must lie in [${low}, ${high}].`, String(value))
    }
  }
}

/** `loss >= 0`, but for rounding. */
export const isNotNegative = (loss: LossOf, inputs: readonly Tensor[], slack = 1e-6): void =>
  staysWithin(loss, inputs, 0, Number.POSITIVE_INFINITY, slack)

/** The value is this, at this point. */
export const valueIs = (
  loss: LossOf,
  inputs: readonly Tensor[],
  expected: number,
  options: LossLawOptions = {},
): void => {
  const { value } = lossInF64(loss, inputs)
  if (!(Math.abs(value - expected) <= tolerance(options, expected))) {
    throw broken({ loss, inputs }, 'value', `the loss must be ${expected} here.`, String(value))
  }
}

/** The gradients of all inputs are exactly 0, in f32 and in f64. */
export const gradientIsZero = (loss: LossOf, inputs: readonly Tensor[], slack = 0): void => {
  for (const { gradients } of [lossInOwnDtype(loss, inputs), lossInF64(loss, inputs)]) {
    if (!(largest(gradients) <= slack))
      throw broken({ loss, inputs }, 'zero gradient', 'the gradient must be 0 here.', `up to ${largest(gradients)}`)
  }
}

/** Value and gradients are finite, in f32, where squares overflow. */
export const staysFinite = (loss: LossOf, inputs: readonly Tensor[]): void => {
  const { value, gradients } = lossInOwnDtype(loss, inputs)
  if (!Number.isFinite(value)) throw broken({ loss, inputs }, 'finite value', 'the loss must be finite.', String(value))
  for (const [i, gradient] of gradients.entries()) {
    const bad = gradient.data.findIndex((slope) => !Number.isFinite(slope))
    if (bad >= 0)
      throw broken(
        { loss, inputs },
        'finite gradient',
        `the gradient of input ${i} must be finite.`,
        `${gradient.data[bad]} at element ${bad}`,
      )
  }
}

/** The teacher (input 1, or another) gets exactly no gradient: it is not trained. */
export const teacherGetsNoGradient = (loss: LossOf, inputs: readonly Tensor[], teacher = 1): void => {
  const gradient = lossInOwnDtype(loss, inputs).gradients[teacher]
  if (gradient === undefined || largest([gradient]) !== 0) {
    throw broken(
      { loss, inputs },
      'teacher',
      'the teacher must get no gradient.',
      gradient === undefined ? 'no such input' : `up to ${largest([gradient])}`,
    )
  }
}

/** Where student and teacher agree, loss and gradient are 0 (within `slack`). */
export const isZeroAtTeacher = (loss: LossOf, logits: Tensor, slack = 0): void => {
  const inputs = [logits, logits]
  for (const { value, gradients } of [lossInOwnDtype(loss, inputs), lossInF64(loss, inputs)]) {
    if (!(Math.abs(value) <= slack && largest(gradients.slice(0, 1)) <= slack)) {
      throw broken(
        { loss, inputs },
        'student = teacher',
        'loss and gradient must be 0.',
        `loss ${value}, gradient up to ${largest(gradients.slice(0, 1))}`,
      )
    }
  }
}

/** `<gradient, F> = 0` for each input: what does not see the scale has no slope along it. */
export const gradientIsOrthogonal = (loss: LossOf, inputs: readonly Tensor[], options: LossLawOptions = {}): void => {
  const { value, gradients } = lossInF64(loss, inputs)
  for (const [i, x] of inputs.entries()) {
    const gradient = gradients.slice(i, i + 1)
    const along = dot(gradient, [x])
    const scale = Math.abs(value) + Math.sqrt(dot(gradient, gradient) * dot([x], [x]))
    if (!(Math.abs(along) <= (options.rtol ?? 1e-9) * scale)) {
      throw broken(
        { loss, inputs },
        'orthogonal gradient',
        `<gradient, F> must be 0 for input ${i}.`,
        `${along}, of a scale of ${scale}`,
      )
    }
  }
}

/** Each row of the gradient adds up to 0: what softmax makes of a loss. */
export const gradientRowsSumToZero = (loss: LossOf, inputs: readonly Tensor[], options: LossLawOptions = {}): void => {
  const [gradient] = lossInF64(loss, inputs).gradients
  if (gradient === undefined) return
  const d = columns(gradient)
  for (let row = 0; row * d < gradient.size; row++) {
    let total = 0
    for (const slope of gradient.data.subarray(row * d, (row + 1) * d)) total += slope
    if (!(Math.abs(total) <= tolerance(options, largest([gradient])))) {
      throw broken({ loss, inputs }, 'gradient rows', `row ${row} of the gradient must add up to 0.`, String(total))
    }
  }
}

/** The gradient is what a formula gives, input by input; `null` where nothing is asked. */
export const gradientIs = (
  loss: LossOf,
  inputs: readonly Tensor[],
  formula: (...inputs: readonly Tensor[]) => readonly (Tensor | null)[],
  options: LossLawOptions = {},
): void => {
  const { gradients } = lossInF64(loss, inputs)
  const places = formula(...inputs).map((y) => y !== null)
  const expected = oracle((xs) => formula(...xs).flatMap((y) => y ?? []), inputs)
  const received = gradients.filter((_, i) => places[i] === true)
  const error = largest(linear(1, expected, -1, received))
  const allowed = tolerance(options, largest(expected))
  if (error <= allowed) return
  throw broken(
    { loss, inputs },
    'gradient',
    'it must be that of the formula.',
    mismatch(['gradient', 'formula'], received, expected, allowed),
  )
}

/** The gradient of an input is exactly 0 at these places (outside of the top K, at ignored labels), in f32 and f64. */
export const gradientIsZeroAt = (
  loss: LossOf,
  inputs: readonly Tensor[],
  isZero: (place: number) => boolean,
  input = 0,
): void => {
  for (const { gradients } of [lossInOwnDtype(loss, inputs), lossInF64(loss, inputs)]) {
    const slopes = gradients[input]?.data ?? []
    for (const [place, slope] of slopes.entries()) {
      if (slope === 0 || !isZero(place)) continue
      throw broken(
        { loss, inputs },
        'zero gradient',
        `element ${place} of input ${input} must get no gradient.`,
        String(slope),
      )
    }
  }
}

/**
 * Two losses are one: value and gradients, as an approximation and the exact one, or two ways to write a formula.
 *
 * @param options rtol: of the larger value; the gradients are compared where `gradients` is true (the default)
 */
export const lossesAgree = (
  loss: LossOf,
  other: LossOf,
  inputs: readonly Tensor[],
  { gradients = true, ...options }: LossLawOptions & { readonly gradients?: boolean } = {},
): void => {
  const [a, b] = [lossInF64(loss, inputs), lossInF64(other, inputs)]
  const of = { loss, inputs }
  if (!(Math.abs(a.value - b.value) <= tolerance(options, a.value, b.value))) {
    throw broken(of, 'two losses', 'they must agree.', `${digits(a.value)} and ${digits(b.value)}`)
  }
  const allowed = tolerance(options, largest(a.gradients), largest(b.gradients))
  if (!gradients || largest(linear(1, a.gradients, -1, b.gradients)) <= allowed) return
  throw broken(
    of,
    'two losses',
    'their gradients must agree.',
    mismatch(['the one', 'other'], a.gradients, b.gradients, allowed),
  )
}

/**
 * Where there is a kink, the slope lies between the one-sided differences (a subgradient, or the negative of one):
 * `min(d-, d+) <= <gradient, u> <= max(d-, d+)` for a random direction u.
 */
export const differencesBracket = (loss: LossOf, inputs: readonly Tensor[], seed = 0, slack = 1e-4): void => {
  const { gradients } = lossInF64(loss, inputs)
  const us = direction(seed, inputs, 'tangent')
  const h = 1e-6
  const at = (step: number): number => lossAt(loss, inputs, linear(1, inputs, step, us))
  const [before, here, after] = [at(-h), at(0), at(h)]
  const [left, right] = [(here - before) / h, (after - here) / h]
  const slope = dot(gradients, us)
  const room = slack * Math.max(1, Math.abs(left), Math.abs(right))
  if (slope >= Math.min(left, right) - room && slope <= Math.max(left, right) + room) return
  throw broken(
    { loss, inputs },
    'one-sided differences',
    'the slope must lie between them.',
    `${digits(slope)}, differences ${digits(left)} and ${digits(right)}`,
  )
}

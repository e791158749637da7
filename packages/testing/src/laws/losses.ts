/*
 * Laws of losses and regularisers: functions of one or more inputs [n, d] (student's logits first, then the teacher's)
 * that give a scalar. Each law is a function to be called with a loss and its inputs; it throws where the loss breaks
 * it. Values are computed in f64 from the f32 program, unless a law says otherwise: overflow happens in f32 only.
 * Letters: F logits, n rows (examples), d columns (classes).
 */
import { type HostTensor, type Tensor, tensor, valueAndGrad } from '@cotangent/core'
import { mapData, oracle, widened } from '../oracle.js'
import { LawError } from './lawError.js'
import { dot, largest, linear } from './numbers.js'

/** A loss of inputs [n, d]. */
export type LossOf = (...inputs: readonly Tensor[]) => Tensor

/** How a loss is compared. */
export interface LossLawOptions {
  /** Relative to the larger value (or 1, where that is smaller); 1e-9 by default. */
  readonly rtol?: number
}

const tolerance = ({ rtol = 1e-9 }: LossLawOptions, ...values: readonly number[]): number =>
  rtol * Math.max(1, ...values.map(Math.abs))

interface Evaluated {
  readonly value: number
  readonly gradients: readonly HostTensor[]
}

/** The value and the gradients of all inputs, in f64. */
const inF64 = (loss: LossOf, inputs: readonly Tensor[]): Evaluated => {
  const [value, ...gradients] = oracle((xs) => {
    const [y, slopes] = valueAndGrad((list: readonly Tensor[]) => loss(...list))(xs)
    return [y, ...slopes]
  }, inputs)
  return { value: value?.item() ?? Number.NaN, gradients }
}

/** The same, eager and in the inputs' own dtype. */
const inOwnDtype = (loss: LossOf, inputs: readonly Tensor[]): { value: number; gradients: readonly Tensor[] } => {
  const [value, gradients] = valueAndGrad((list: readonly Tensor[]) => loss(...list))(inputs)
  return { value: value.item(), gradients }
}

const broken = (check: string, expected: string, received: string): LawError =>
  new LawError({ check, expected, received })

const checkSame = (check: string, a: number, b: number, options: LossLawOptions): void => {
  if (!(Math.abs(a - b) <= tolerance(options, a, b))) {
    throw broken(check, 'the loss must not change.', `${a} before, ${b} after`)
  }
}

const columns = (x: Tensor): number => x.shape[x.rank - 1] ?? 1

/** Rows in another order: row i of the result is row `order[i]`. */
export const permuteRows = (x: Tensor, order: readonly number[]): HostTensor => {
  const d = columns(x)
  return mapData(x, (_, i) => x.data[(order[Math.floor(i / d)] ?? 0) * d + (i % d)] ?? 0)
}

/** Columns in another order. */
export const permuteColumns = (x: Tensor, order: readonly number[]): HostTensor => {
  const d = columns(x)
  return mapData(x, (_, i) => x.data[Math.floor(i / d) * d + (order[i % d] ?? 0)] ?? 0)
}

const checkPermutation = (
  check: string,
  loss: LossOf,
  inputs: readonly Tensor[],
  permute: (x: Tensor) => HostTensor,
  options: LossLawOptions,
): void => {
  const [before, after] = [inF64(loss, inputs), inF64(loss, inputs.map(permute))]
  checkSame(check, before.value, after.value, options)
  const [expected, received] = [before.gradients.map(permute), after.gradients]
  const error = largest(linear(1, expected, -1, received))
  if (!(error <= tolerance(options, largest(expected)))) {
    throw broken(check, 'the gradients must be permuted alike.', `they differ by ${error}`)
  }
}

/** The order of the examples does not matter; the gradient's rows follow. */
export const batchOrderIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  order: readonly number[],
  options: LossLawOptions = {},
): void => checkPermutation('permutation of the batch', loss, inputs, (x) => permuteRows(x, order), options)

/** The names of the classes do not matter; the gradient's columns follow. */
export const classOrderIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  order: readonly number[],
  options: LossLawOptions = {},
): void => checkPermutation('permutation of the classes', loss, inputs, (x) => permuteColumns(x, order), options)

/** Inputs with f64 numbers: a shift or scaling in f32 would round, and the loss would change for that reason alone. */
const changed = (x: Tensor, f: (value: number, row: number, column: number) => number): HostTensor => {
  const d = columns(x)
  return mapData(widened(x), (value, i) => f(value, Math.floor(i / d), i % d))
}

/** The program is traced for f32, and evaluated at points of f64. */
const valueAt = (loss: LossOf, like: readonly Tensor[], points: readonly Tensor[]): number => {
  const [value] = oracle((xs) => [loss(...xs)], like, points)
  return value?.item() ?? Number.NaN
}

/** Softmax does not see what is added to a whole row: `loss(F + c 1ᵀ) = loss(F)`, c per row. */
export const rowShiftIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  shifts: readonly number[],
  options: LossLawOptions = {},
): void => {
  const shifted = inputs.map((x) => changed(x, (value, row) => value + (shifts[row] ?? 0)))
  checkSame('shift of logits', valueAt(loss, inputs, inputs.map(widened)), valueAt(loss, inputs, shifted), options)
}

/** What is about differences between examples does not see a vector added to all of them: `loss(F + 1 cᵀ) = loss(F)`. */
export const commonShiftIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  shift: readonly number[],
  options: LossLawOptions = {},
): void => {
  const shifted = inputs.map((x) => changed(x, (value, _, column) => value + (shift[column] ?? 0)))
  checkSame(
    'one vector added to all rows',
    valueAt(loss, inputs, inputs.map(widened)),
    valueAt(loss, inputs, shifted),
    options,
  )
}

/** What normalises rows does not see their length: positive scales, one per row. */
export const rowScalingIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  scales: readonly number[],
  options: LossLawOptions = {},
): void => {
  const scaled = inputs.map((x) => changed(x, (value, row) => value * (scales[row] ?? 1)))
  checkSame('scaling of rows', valueAt(loss, inputs, inputs.map(widened)), valueAt(loss, inputs, scaled), options)
}

/** `loss(c F) = c^degree loss(F)`; degree 0 is scale invariance. */
export const scalesByDegree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  factor: number,
  degree: number,
  options: LossLawOptions = {},
): void => {
  const before = valueAt(loss, inputs, inputs.map(widened))
  const scaled = inputs.map((x) => changed(x, (value) => value * factor))
  const after = valueAt(loss, inputs, scaled) / factor ** degree
  if (!(Math.abs(before - after) <= (options.rtol ?? 1e-9) * Math.abs(before) + 1e-300)) {
    throw broken(
      'scaling',
      `the loss of ${factor} F must be ${factor}^${degree} times that of F.`,
      `${before}, then ${after} times that`,
    )
  }
}

/** `loss(Q F R) = loss(F)` for orthogonal Q [n, n] and R [d, d], given as rows. */
export const rotationIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  left: readonly (readonly number[])[],
  right: readonly (readonly number[])[],
  options: LossLawOptions = {},
): void => {
  const rotated = inputs.map((x) => rotate(x, left, right))
  checkSame('rotation', valueAt(loss, inputs, inputs.map(widened)), valueAt(loss, inputs, rotated), options)
}

const rotate = (x: Tensor, left: readonly (readonly number[])[], right: readonly (readonly number[])[]): HostTensor => {
  const d = columns(x)
  const n = x.size / Math.max(1, d)
  const half = left.map((row) =>
    Array.from({ length: d }, (_, j) => row.reduce((total, q, i) => total + q * (x.data[i * d + j] ?? 0), 0)),
  )
  const all = half.flatMap((row) =>
    Array.from({ length: d }, (_, j) => row.reduce((total, y, k) => total + y * (right[k]?.[j] ?? 0), 0)),
  )
  return tensor(Float64Array.from(all), [n, d])
}

/** The value lies in [low, high], in f32 and in f64, but for `slack` of rounding. */
export const staysWithin = (loss: LossOf, inputs: readonly Tensor[], low: number, high: number, slack = 1e-5): void => {
  for (const value of [inOwnDtype(loss, inputs).value, inF64(loss, inputs).value]) {
    if (!(value >= low - slack && value <= high + slack)) {
      throw broken('range', `the loss must lie in [${low}, ${high}].`, String(value))
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
  const { value } = inF64(loss, inputs)
  if (!(Math.abs(value - expected) <= tolerance(options, expected))) {
    throw broken('value', `the loss must be ${expected} here.`, String(value))
  }
}

/** The gradients of all inputs are exactly 0, in f32 and in f64. */
export const gradientIsZero = (loss: LossOf, inputs: readonly Tensor[], slack = 0): void => {
  for (const { gradients } of [inOwnDtype(loss, inputs), inF64(loss, inputs)]) {
    if (!(largest(gradients) <= slack))
      throw broken('zero gradient', 'the gradient must be 0 here.', `up to ${largest(gradients)}`)
  }
}

/** Value and gradients are finite, in f32, where squares overflow. */
export const staysFinite = (loss: LossOf, inputs: readonly Tensor[]): void => {
  const { value, gradients } = inOwnDtype(loss, inputs)
  if (!Number.isFinite(value)) throw broken('finite value', 'the loss must be finite.', String(value))
  for (const [i, gradient] of gradients.entries()) {
    const bad = gradient.data.findIndex((slope) => !Number.isFinite(slope))
    if (bad >= 0)
      throw broken(
        'finite gradient',
        `the gradient of input ${i} must be finite.`,
        `${gradient.data[bad]} at element ${bad}`,
      )
  }
}

/** The teacher (input 1, or another) gets exactly no gradient: it is not trained. */
export const teacherGetsNoGradient = (loss: LossOf, inputs: readonly Tensor[], teacher = 1): void => {
  const gradient = inOwnDtype(loss, inputs).gradients[teacher]
  if (gradient === undefined || largest([gradient]) !== 0) {
    throw broken(
      'teacher',
      'the teacher must get no gradient.',
      gradient === undefined ? 'no such input' : `up to ${largest([gradient])}`,
    )
  }
}

/** Where student and teacher agree, loss and gradient are 0 (within `slack`). */
export const isZeroAtTeacher = (loss: LossOf, logits: Tensor, slack = 0): void => {
  for (const { value, gradients } of [inOwnDtype(loss, [logits, logits]), inF64(loss, [logits, logits])]) {
    if (!(Math.abs(value) <= slack && largest(gradients.slice(0, 1)) <= slack)) {
      throw broken(
        'student = teacher',
        'loss and gradient must be 0.',
        `loss ${value}, gradient up to ${largest(gradients.slice(0, 1))}`,
      )
    }
  }
}

/** `<gradient, F> = 0` for each input: what does not see the scale has no slope along it. */
export const gradientIsOrthogonal = (loss: LossOf, inputs: readonly Tensor[], options: LossLawOptions = {}): void => {
  const { value, gradients } = inF64(loss, inputs)
  for (const [i, x] of inputs.entries()) {
    const gradient = gradients.slice(i, i + 1)
    const along = dot(gradient, [x])
    const scale = Math.abs(value) + Math.sqrt(dot(gradient, gradient) * dot([x], [x]))
    if (!(Math.abs(along) <= (options.rtol ?? 1e-9) * scale)) {
      throw broken('orthogonal gradient', `<gradient, F> must be 0 for input ${i}.`, `${along}, of a scale of ${scale}`)
    }
  }
}

/** Each row of the gradient adds up to 0: what softmax makes of a loss. */
export const gradientRowsSumToZero = (loss: LossOf, inputs: readonly Tensor[], options: LossLawOptions = {}): void => {
  const [gradient] = inF64(loss, inputs).gradients
  if (gradient === undefined) return
  const d = columns(gradient)
  for (let row = 0; row * d < gradient.size; row++) {
    let total = 0
    for (const slope of gradient.data.subarray(row * d, (row + 1) * d)) total += slope
    if (!(Math.abs(total) <= tolerance(options, largest([gradient])))) {
      throw broken('gradient rows', `row ${row} of the gradient must add up to 0.`, String(total))
    }
  }
}

/**
 * Rows that a mask leaves out change nothing: the loss is that of the other rows alone, whatever the masked ones hold,
 * and their gradient is exactly 0.
 *
 * @param loss takes the mask [n] (1 counts, 0 does not) after the inputs
 * @param keep how many rows in front count
 */
export const maskedRowsCountNothing = (
  loss: (mask: Tensor, ...inputs: readonly Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  keep: number,
  options: LossLawOptions = {},
): void => {
  const rows = inputs[0]?.shape[0] ?? 0
  const mask = (n: number): HostTensor => tensor(Float32Array.from({ length: n }, (_, i) => Number(i < keep)))
  const front = (x: Tensor): HostTensor => tensor(x.data.slice(0, keep * columns(x)), [keep, columns(x)])
  const whole = inF64((...xs) => loss(mask(rows), ...xs), inputs)
  const short = inF64((...xs) => loss(mask(keep), ...xs), inputs.map(front))
  checkSame('masked rows', short.value, whole.value, options)
  for (const gradient of whole.gradients) {
    const behind = gradient.data.subarray(keep * columns(gradient))
    if (behind.some((slope) => slope !== 0)) throw broken('masked rows', 'their gradient must be 0.', `${behind}`)
  }
}

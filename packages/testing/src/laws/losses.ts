/*
 * What losses and regularisers do not see: functions of one or more inputs [n, d] (student's logits first, then the
 * teacher's) that give a scalar. Each law is a function to be called with a loss and its inputs; it throws where the
 * loss breaks it. Values are computed in f64 from the f32 program.
 * Letters: F logits, n rows (examples), d columns (classes).
 */
import { type HostTensor, type Tensor, tensor } from '@cotangent/core'
import { mapData, widened } from '../oracle.js'
import {
  broken,
  checkUnchanged,
  columns,
  type LossLawOptions,
  type LossOf,
  lossAt,
  lossInF64,
  tolerance,
} from './lossValue.js'
import { largest, linear } from './numbers.js'

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
  const [before, after] = [lossInF64(loss, inputs), lossInF64(loss, inputs.map(permute))]
  checkUnchanged({ loss, inputs }, check, [before.value, after.value], options)
  const [expected, received] = [before.gradients.map(permute), after.gradients]
  const error = largest(linear(1, expected, -1, received))
  if (!(error <= tolerance(options, largest(expected)))) {
    throw broken({ loss, inputs }, check, 'the gradients must be permuted alike.', `they differ by ${error}`)
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

/** Softmax does not see what is added to a whole row: `loss(F + c 1ᵀ) = loss(F)`, c per row. */
export const rowShiftIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  shifts: readonly number[],
  options: LossLawOptions = {},
): void => {
  const shifted = inputs.map((x) => changed(x, (value, row) => value + (shifts[row] ?? 0)))
  checkUnchanged(
    { loss, inputs },
    'shift of logits',
    [lossAt(loss, inputs, inputs.map(widened)), lossAt(loss, inputs, shifted)],
    options,
  )
}

/** What is about differences between examples does not see a vector added to all of them: `loss(F + 1 cᵀ) = loss(F)`. */
export const commonShiftIsFree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  shift: readonly number[],
  options: LossLawOptions = {},
): void => {
  const shifted = inputs.map((x) => changed(x, (value, _, column) => value + (shift[column] ?? 0)))
  checkUnchanged(
    { loss, inputs },
    'one vector added to all rows',
    [lossAt(loss, inputs, inputs.map(widened)), lossAt(loss, inputs, shifted)],
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
  checkUnchanged(
    { loss, inputs },
    'scaling of rows',
    [lossAt(loss, inputs, inputs.map(widened)), lossAt(loss, inputs, scaled)],
    options,
  )
}

/** `loss(c F) = c^degree loss(F)`; degree 0 is scale invariance. */
export const scalesByDegree = (
  loss: LossOf,
  inputs: readonly Tensor[],
  factor: number,
  degree: number,
  options: LossLawOptions = {},
): void => {
  const before = lossAt(loss, inputs, inputs.map(widened))
  const scaled = inputs.map((x) => changed(x, (value) => value * factor))
  const after = lossAt(loss, inputs, scaled) / factor ** degree
  if (!(Math.abs(before - after) <= (options.rtol ?? 1e-9) * Math.abs(before) + 1e-300)) {
    throw broken(
      { loss, inputs },
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
  checkUnchanged(
    { loss, inputs },
    'rotation',
    [lossAt(loss, inputs, inputs.map(widened)), lossAt(loss, inputs, rotated)],
    options,
  )
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
  const masked: LossOf = (...xs) => loss(mask(rows), ...xs)
  const whole = lossInF64(masked, inputs)
  const short = lossInF64((...xs) => loss(mask(keep), ...xs), inputs.map(front))
  checkUnchanged({ loss: masked, inputs }, 'masked rows', [short.value, whole.value], options)
  for (const gradient of whole.gradients) {
    const behind = gradient.data.subarray(keep * columns(gradient))
    if (behind.some((slope) => slope !== 0))
      throw broken({ loss: masked, inputs }, 'masked rows', 'their gradient must be 0.', `${behind}`)
  }
}

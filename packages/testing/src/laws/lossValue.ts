/* What laws of losses look at: the value and the gradients, in f64 or as the loss computes them. */
import { makeIR, printIR, type Tensor, valueAndGrad } from '@cotangent/core'
import { oracle } from '../oracle.js'
import { LawError } from './lawError.js'
import { digits } from './settings.js'

/** A loss of inputs [n, d]. */
export type LossOf = (...inputs: readonly Tensor[]) => Tensor

/** How a loss is compared. */
export interface LossLawOptions {
  /** Relative to the larger value (or 1, where that is smaller); 1e-9 by default. */
  readonly rtol?: number
}

export const tolerance = ({ rtol = 1e-9 }: LossLawOptions, ...values: readonly number[]): number =>
  rtol * Math.max(1, ...values.map(Math.abs))

interface Evaluated {
  readonly value: number
  readonly gradients: readonly Tensor[]
}

const withGradients = (loss: LossOf, xs: readonly Tensor[]): readonly [Tensor, readonly Tensor[]] =>
  valueAndGrad((list: readonly Tensor[]) => loss(...list))(xs)

/** The value and the gradients of all inputs, in f64. */
export const lossInF64 = (loss: LossOf, inputs: readonly Tensor[]): Evaluated => {
  const [value, ...gradients] = oracle((xs) => {
    const [y, slopes] = withGradients(loss, xs)
    return [y, ...slopes]
  }, inputs)
  return { value: value?.item() ?? Number.NaN, gradients }
}

/** The same, eager and in the inputs' own dtype. */
export const lossInOwnDtype = (loss: LossOf, inputs: readonly Tensor[]): Evaluated => {
  const [value, gradients] = withGradients(loss, inputs)
  return { value: value.item(), gradients }
}

/** The program is traced for f32, and evaluated at points of f64. */
export const lossAt = (loss: LossOf, like: readonly Tensor[], points: readonly Tensor[]): number => {
  const [value] = oracle((xs) => [loss(...xs)], like, points)
  return value?.item() ?? Number.NaN
}

/** A law that the loss breaks, with its program. */
export const broken = (
  { loss, inputs }: { readonly loss: LossOf; readonly inputs: readonly Tensor[] },
  check: string,
  expected: string,
  received: string,
): LawError =>
  new LawError({
    check,
    expected,
    received,
    program: printIR(makeIR((...xs: readonly Tensor[]) => loss(...xs))(...inputs)),
  })

/** @throws LawError where the loss is another than before */
export const checkUnchanged = (
  of: { readonly loss: LossOf; readonly inputs: readonly Tensor[] },
  check: string,
  [before, after]: readonly [number, number],
  options: LossLawOptions,
): void => {
  if (Math.abs(before - after) <= tolerance(options, before, after)) return
  throw broken(of, check, 'the loss must not change.', `${digits(before)} before, ${digits(after)} after`)
}

export const columns = (x: Tensor): number => x.shape[x.rank - 1] ?? 1

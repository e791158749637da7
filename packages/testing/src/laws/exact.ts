/* Gradients that are exact, and what they are where there is a kink: tables for tests and for the documentation. */
import {
  abs,
  array,
  clip,
  full,
  grad,
  greater,
  type HostTensor,
  log,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  ones,
  relu,
  scalar,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  vectorNorm,
  where,
  zeros,
} from '@cotangent/core'
import { LawError } from './lawError.js'

/** A function whose gradient is known to the last bit. */
export interface ExactGradient {
  readonly name: string
  readonly f: (x: Tensor) => Tensor
  readonly gradient: (x: Tensor) => Tensor
}

/** For any x, empty ones too (but for the mean). */
export const exactGradients: readonly ExactGradient[] = [
  { name: 'grad(sum) = 1', f: (x) => sum(x), gradient: (x) => ones(x.shape, x.dtype) },
  {
    name: 'grad(mean) = 1/n',
    f: (x) => (x.size === 0 ? sum(x) : mean(x)),
    gradient: (x) => full(x.shape, 1 / Math.max(1, x.size), x.dtype),
  },
  { name: 'grad(x·x) = 2x', f: (x) => sum(mul(x, x)), gradient: (x) => mul(x, 2) },
  {
    name: 'grad of stopGradient = 0',
    f: (x) => sum(square(stopGradient(x))),
    gradient: (x) => zeros(x.shape, x.dtype),
  },
  {
    name: 'd³(x³) = 6',
    f: (x) => sum(grad((y: Tensor) => sum(grad((z: Tensor) => sum(mul(mul(z, z), z)))(y)))(x)),
    gradient: (x) => full(x.shape, 6, x.dtype),
  },
  { name: 'grad of an unused input = 0', f: () => scalar(3), gradient: (x) => zeros(x.shape, x.dtype) },
]

/** A function at a point where it has a kink, and the slope the library takes there. */
export interface TieGradient {
  readonly name: string
  readonly f: (x: Tensor) => Tensor
  readonly at: HostTensor
  readonly gradient: readonly number[]
}

/** Equal to those of PyTorch 2.13, but where a name says otherwise. */
export const tieGradients: readonly TieGradient[] = [
  { name: "relu'(0) = 0", f: (x) => sum(relu(x)), at: array([0, -0, 1]), gradient: [0, 0, 1] },
  { name: "abs'(0) = 0", f: (x) => sum(abs(x)), at: array([0, -0, -2]), gradient: [0, 0, -1] },
  { name: 'max shares evenly', f: (x) => max(x), at: array([3, 1, 3, 3]), gradient: [1 / 3, 0, 1 / 3, 1 / 3] },
  {
    name: 'max over an axis shares evenly',
    f: (x) => sum(max(x, 1)),
    at: array([
      [2, 2],
      [1, 0],
    ]),
    gradient: [0.5, 0.5, 1, 0],
  },
  { name: 'min shares evenly', f: (x) => min(x), at: array([1, 1, 2]), gradient: [0.5, 0.5, 0] },
  { name: 'maximum gives each half', f: (x) => sum(maximum(x, 2)), at: array([2, 3, 1]), gradient: [0.5, 1, 0] },
  { name: 'minimum gives each half', f: (x) => sum(minimum(x, 2)), at: array([2, 3, 1]), gradient: [0.5, 0, 1] },
  {
    name: "sqrt'(0) is infinite",
    f: (x) => sum(sqrt(x)),
    at: array([0, 4]),
    gradient: [Number.POSITIVE_INFINITY, 0.25],
  },
  { name: "clip' at its edges = 1", f: (x) => sum(clip(x, -1, 1)), at: array([1, -1, 0.5, 2]), gradient: [1, 1, 1, 0] },
  { name: "norm'(0) = 0", f: (x) => vectorNorm(x), at: array([0, 0]), gradient: [0, 0] },
  {
    name: 'a logarithm behind two choices is finite at 0 (behind one it is NaN)',
    f: (x) => sum(where(greater(x, 0), log(where(greater(x, 0), x, 1)), 0)),
    at: array([0, 2]),
    gradient: [0, 0.5],
  },
  { name: 'square of a difference of 0', f: (x) => sum(square(sub(x, x))), at: array([1, 2]), gradient: [0, 0] },
]

/** The gradient is this, to the last bit (f32's). */
export const gradientIsExactly = (f: (x: Tensor) => Tensor, x: Tensor, expected: readonly number[]): void => {
  const gradient = grad(f)(x)
  const right = Float32Array.from(expected)
  for (const [i, slope] of gradient.data.entries()) {
    if (slope !== (x.dtype === 'f64' ? expected[i] : right[i])) {
      throw new LawError({
        check: 'exact gradient',
        expected: `element ${i} must be ${right[i]}.`,
        received: String(slope),
      })
    }
  }
  if (gradient.size !== expected.length) {
    throw new LawError({
      check: 'exact gradient',
      expected: `${expected.length} elements`,
      received: String(gradient.size),
    })
  }
}

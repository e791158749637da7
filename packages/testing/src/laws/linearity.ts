/*
 * Derivatives are linear, fit what they are derivatives of, and are exact where the function is linear. For any function
 * of pytrees, in f64 from the f32 program. Letters: x primals, u, v tangents, w a cotangent, J the Jacobian at x.
 */
import type { Tensor } from '@cotangent/core'
import { mapData, widened } from '../oracle.js'
import { cotangentOf, inF64 } from './inF64.js'
import { mismatch } from './mismatch.js'
import { largest, linear, total } from './numbers.js'
import { type AnyFunction, direction, type Problem, problemOf } from './problem.js'
import { defaults, fail, type Settings } from './settings.js'

/** The largest |a - b|, and the scale it is compared with. */
const checkEqual = (
  problem: Problem,
  settings: Settings,
  check: string,
  expected: string,
  a: readonly Tensor[],
  b: readonly Tensor[],
  rtol: number,
): void => {
  const error = largest(linear(1, a, -1, b))
  const allowed = rtol * Math.max(largest(a), largest(b))
  if (!(error <= allowed)) fail(problem, settings, check, expected, mismatch(['left', 'right'], a, b, allowed))
}

/** `J (a u + b v) = a J u + b J v`, `J 0 = 0`, and `J (2^k u) = 2^k J u` to the last bit. */
export const jvpIsLinear = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  const settings = { ...defaults, seed }
  const { push } = inF64(problem)
  const [us, vs] = [seed, seed + 1].map((s) => direction(s, problem.xs, 'tangent').map(widened))
  if (us === undefined || vs === undefined) return
  checkLinear(problem, settings, 'JVP is linear', push, us, vs)
}

/** `Jᵀ (a w + b v) = a Jᵀ w + b Jᵀ v`, `Jᵀ 0 = 0`, and `Jᵀ (2^k w) = 2^k Jᵀ w` to the last bit. */
export const vjpIsLinear = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  const settings = { ...defaults, seed }
  const { pull, results } = inF64(problem)
  const [us, vs] = [seed, seed + 1].map((s) => direction(s, results, 'cotangent').map(widened))
  if (us === undefined || vs === undefined) return
  checkLinear(problem, settings, 'VJP is linear', pull, us, vs)
}

const checkLinear = (
  problem: Problem,
  settings: Settings,
  check: string,
  apply: (us: readonly Tensor[]) => readonly Tensor[],
  us: readonly Tensor[],
  vs: readonly Tensor[],
): void => {
  const [a, b] = [2.75, -1.5]
  const sum = apply(linear(a, us, b, vs))
  const [u, v] = [apply(us), apply(vs)]
  const scale = Math.abs(a) * largest(u) + Math.abs(b) * largest(v)
  const noise = 2 ** -48 * (total(us) + total(vs)) // where terms of size 1 cancel
  const error = largest(linear(1, sum, -1, linear(a, u, b, v)))
  if (!(error <= 1e-11 * scale + noise)) {
    fail(problem, settings, check, 'J (a u + b v) must equal a J u + b J v.', `they differ by ${error}, of ${scale}`)
  }
  checkEqual(problem, settings, check, 'J 0 must be 0.', apply(linear(0, us, 0, vs)), linear(0, u, 0, v), 0)
  checkEqual(
    problem,
    settings,
    check,
    'J (8 u) must equal 8 J u to the last bit.',
    apply(linear(8, us, 0, vs)),
    linear(8, u, 0, v),
    0,
  )
}

/** The gradient has the structure, shapes and dtypes of the argument, broadcast or not. */
export const cotangentsFitArguments = (f: AnyFunction, args: readonly unknown[]): void => {
  const problem = problemOf(f, args)
  const results = problem.f(problem.xs)
  const cotangents = cotangentOf(problem.f)(problem.xs, direction(0, results, 'cotangent'))
  for (const [i, x] of problem.xs.entries()) {
    const ct = cotangents[i]
    if (ct === undefined || ct.dtype !== x.dtype || ct.shape.join() !== x.shape.join()) {
      fail(
        problem,
        defaults,
        'cotangents fit',
        "a cotangent must have its argument's shape and dtype.",
        `${x} and ${ct}`,
        problem.paths[i] ?? '',
      )
    }
  }
}

/**
 * A function that is linear in its arguments has no other error than rounding: with whole numbers,
 * `f(x + u) - f(x)` equals `J u` to the last bit.
 *
 * @param args small whole numbers
 */
export const linearIsExact = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  const { point, value, push } = inF64(problem)
  const whole = direction(seed, problem.xs, 'tangent').map((u) => mapData(widened(u), (value) => Math.round(8 * value)))
  const rise = linear(1, value(linear(1, point, 1, whole)), -1, value(point))
  checkEqual(problem, { ...defaults, seed }, 'linear is exact', 'f(x + u) - f(x) must equal J u.', rise, push(whole), 0)
}

/** The derivative is 0 whatever the function does: stopGradient, and what a loss says of its teacher. */
export const derivativeIsZero = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  const { pull, results } = inF64(problem)
  const cotangents = pull(direction(seed, results, 'cotangent').map(widened))
  if (largest(cotangents) !== 0) {
    fail(
      problem,
      { ...defaults, seed },
      'derivative is zero',
      'the cotangents must be exactly 0.',
      `up to ${largest(cotangents)}`,
    )
  }
}

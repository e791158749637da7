/*
 * Laws of derivatives, for any function of pytrees. All are computed in f64 on the reference evaluator, from the f32
 * program: there a central difference is good to 1e-9, so that a wrong rule has nowhere to hide.
 * Letters: x primals, u a tangent, w a cotangent, J the Jacobian at x.
 */
import { jvp, type Tensor, vjp } from '@cotangent/core'
import { type ListFunction, mapData, oracleOf, widened } from '../oracle.js'
import { LawError } from './lawError.js'
import { dot, dotScale, inUnits, largest, linear, moved, only, total, unit } from './numbers.js'
import { type AnyFunction, direction, type Problem, problemOf } from './problem.js'

/** How a derivative is compared. */
export interface DerivativeOptions {
  /** Chooses the directions; 0 by default. */
  readonly seed?: number
  /** Relative to the largest element of the derivative; 1e-6 by default. */
  readonly rtol?: number
  /** Step of the difference, in units of max(1, |x|); 1e-4 by default (fourth order: its error is step⁴ times f⁗). */
  readonly step?: number
  /** 2 also checks the derivative's derivatives: forward and reverse over both. Default 1. */
  readonly order?: 1 | 2
  /** false for functions with a customVjp: only the backward pass is compared with the difference. */
  readonly forward?: boolean
  /** Every coordinate by itself where there are at most this many; 20 by default. */
  readonly everyCoordinate?: number
}

type Settings = Required<Omit<DerivativeOptions, 'order'>>

const defaults: Settings = { seed: 0, rtol: 1e-6, step: 1e-4, forward: true, everyCoordinate: 20 }

/** `x, u -> J u` */
const tangentOf =
  (f: ListFunction): ((xs: readonly Tensor[], us: readonly Tensor[]) => readonly Tensor[]) =>
  (xs, us) =>
    jvp((list: readonly Tensor[]) => f(list), [xs], [us])[1]

/** `x, w -> Jᵀ w` */
const cotangentOf =
  (f: ListFunction): ((xs: readonly Tensor[], ws: readonly Tensor[]) => readonly Tensor[]) =>
  (xs, ws) =>
    vjp((list: readonly Tensor[]) => f(list), xs)[1](ws)[0]

/** A function of two lists as one of their concatenation. */
const joined =
  (n: number, f: (a: readonly Tensor[], b: readonly Tensor[]) => readonly Tensor[]): ListFunction =>
  (both) =>
    f(both.slice(0, n), both.slice(n))

/** The function and its derivatives in f64, each traced once. */
const inF64 = ({ f, xs }: Problem) => {
  const value = oracleOf(f, xs)
  const results = f(xs)
  const point = xs.map(widened)
  const forward = oracleOf(joined(xs.length, tangentOf(f)), [...xs, ...xs])
  const backward = oracleOf(joined(xs.length, cotangentOf(f)), [...xs, ...results])
  return {
    point,
    results,
    value,
    push: (us: readonly Tensor[]) => forward([...point, ...us]),
    pull: (ws: readonly Tensor[]) => backward([...point, ...ws]),
  }
}

/** `(8 (f(x + h u) - f(x - h u)) - (f(x + 2 h u) - f(x - 2 h u))) / 12 h`, of fourth order in h. */
const difference = (
  value: ListFunction,
  xs: readonly Tensor[],
  us: readonly Tensor[],
  h: number,
): readonly Tensor[] => {
  const [near, far] = [1, 2].map((n) => linear(1, value(moved(xs, n * h, us)), -1, value(moved(xs, -n * h, us))))
  return near === undefined || far === undefined ? [] : linear(8 / (12 * h), near, -1 / (12 * h), far)
}

const fail = (
  problem: Problem,
  { seed }: Settings,
  check: string,
  expected: string,
  received: string,
  at?: string,
): never => {
  throw new LawError({ check, expected, received, seed, program: problem.print(), ...(at === undefined ? {} : { at }) })
}

const checkFinite = (problem: Problem, settings: Settings, check: string, xs: readonly Tensor[], at?: string): void => {
  const bad = xs.flatMap((x) => Array.from<number>(x.data)).find((value) => !Number.isFinite(value))
  if (bad !== undefined) fail(problem, settings, check, 'it must be finite.', String(bad), at)
}

/** `J u` against the difference quotient, element by element. */
const checkTangent = (
  problem: Problem,
  settings: Settings,
  check: string,
  functions: ReturnType<typeof inF64>,
  us: readonly Tensor[],
  at?: string,
): void => {
  const { point, value, push } = functions
  const tangent = push(inUnits(point, us))
  checkFinite(problem, settings, check, tangent, at)
  const quotient = difference(value, point, us, settings.step)
  const error = largest(linear(1, tangent, -1, quotient))
  const noise = (2 ** -48 * Math.max(1, largest(value(point)))) / settings.step
  const allowed = settings.rtol * Math.max(largest(tangent), largest(quotient)) + noise
  if (!(error <= allowed)) {
    fail(
      problem,
      settings,
      check,
      'J u must agree with the central difference.',
      `J u up to ${largest(tangent)}, difference up to ${largest(quotient)}; they differ by ${error}, allowed ${allowed}`,
      at,
    )
  }
}

/** `<w, J u> = <Jᵀ w, u>`, with the difference in place of `J u` where there is no forward mode. */
const checkProjection = (
  problem: Problem,
  settings: Settings,
  check: string,
  functions: ReturnType<typeof inF64>,
): void => {
  const { point, results, value, push, pull } = functions
  const us = direction(settings.seed, problem.xs, 'tangent')
  const ws = direction(settings.seed, results, 'cotangent').map(widened)
  const cotangents = pull(ws)
  checkFinite(problem, settings, check, cotangents)
  const scaled = inUnits(point, us)
  const tangent = settings.forward ? push(scaled) : difference(value, point, us, settings.step)
  const [left, right] = [dot(ws, tangent), dot(cotangents, scaled)]
  const scale = dotScale(ws, tangent) + dotScale(cotangents, scaled)
  // each element of w and u meets an element of J, which is right to rounding where f is of size 1
  const noise = 2 ** -48 * Math.max(1, largest(value(point))) * total(ws) * total(scaled)
  const allowed = settings.forward ? 1e-10 * scale + noise : settings.rtol * scale + noise / settings.step
  if (!(Math.abs(left - right) <= allowed)) {
    fail(
      problem,
      settings,
      check,
      '<w, J u> must equal <Jᵀ w, u>.',
      `${left} and ${right}, of terms that add up to ${scale}`,
    )
  }
}

/** Each coordinate where there are few, then each argument's part of the direction: finds whose derivative is wrong. */
const checkParts = (problem: Problem, settings: Settings, check: string, functions: ReturnType<typeof inF64>): void => {
  if (!settings.forward) return
  const us = direction(settings.seed, problem.xs, 'tangent')
  const coordinates = problem.xs.flatMap((x, list) => Array.from({ length: x.size }, (_, i) => [list, i] as const))
  for (const [list, i] of coordinates.length > settings.everyCoordinate ? [] : coordinates) {
    checkTangent(problem, settings, check, functions, unit(us, list, i), `${problem.paths[list]}, element ${i}`)
  }
  for (const list of us.keys()) {
    checkTangent(problem, settings, check, functions, only(us, list), problem.paths[list])
  }
}

const checkFirstOrder = (problem: Problem, settings: Settings, prefix: string): void => {
  if (problem.xs.length === 0) return
  const functions = inF64(problem)
  if (functions.results.length === 0) return
  checkParts(problem, settings, `${prefix}tangent against difference`, functions)
  checkProjection(problem, settings, `${prefix}cotangent projection`, functions)
}

/**
 * The derivative of a function, forwards and backwards, agrees with central differences in a random direction, in each
 * argument, and (for few numbers) in each coordinate; to second order, so do the derivatives of its derivatives.
 *
 * @param f a function of pytrees; arguments that are not floating are fixed
 * @throws LawError naming the check: "tangent against difference", "cotangent projection", "of the tangent: ...",
 * "of the cotangent: ..."
 */
export const derivativeIsRight = (f: AnyFunction, args: readonly unknown[], options: DerivativeOptions = {}): void => {
  const settings = { ...defaults, ...options }
  const problem = problemOf(f, args)
  checkFirstOrder(problem, settings, '')
  if ((options.order ?? 1) === 1) return
  const us = direction(settings.seed + 1, problem.xs, 'tangent')
  const ws = direction(settings.seed + 1, problem.f(problem.xs), 'cotangent')
  const one = { ...settings, everyCoordinate: 0 }
  if (settings.forward) {
    checkFirstOrder({ ...problem, f: (xs) => tangentOf(problem.f)(xs, us) }, one, 'of the tangent: ')
  }
  checkFirstOrder({ ...problem, f: (xs) => cotangentOf(problem.f)(xs, ws) }, one, 'of the cotangent: ')
}

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
  if (!(error <= allowed)) fail(problem, settings, check, expected, `they differ by ${error}, allowed ${allowed}`)
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

/** `<w, J u> = <Jᵀ w, u>`: the two modes are each other's transpose. */
export const modesAreDual = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  const functions = inF64(problem)
  checkProjection(problem, { ...defaults, seed }, 'cotangent projection', functions)
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

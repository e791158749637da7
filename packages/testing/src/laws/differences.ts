/*
 * The derivative of any function against central differences, forwards and backwards. Computed in f64 on the reference
 * evaluator, from the f32 program: there a difference is good to 1e-9, so that a wrong rule has nowhere to hide.
 * Letters: x primals, u a tangent, w a cotangent, J the Jacobian at x.
 */
import type { Tensor } from '@cotangent/core'
import { mapData, widened } from '../oracle.js'
import { cotangentOf, difference, type InF64, inF64, tangentOf } from './inF64.js'
import { LawError } from './lawError.js'
import { mismatch, worst } from './mismatch.js'
import { dot, dotScale, inUnits, largest, linear, moved, only, total, unit } from './numbers.js'
import { type AnyFunction, direction, type Problem, problemOf } from './problem.js'
import { checkFinite, type DerivativeOptions, defaults, digits, fail, type Settings } from './settings.js'
import { suspects } from './suspect.js'

/** Rounding of f, of size 1 at least, divided by a step. */
const noiseOf = ({ value, point }: InF64): number => 2 ** -48 * Math.max(1, largest(value(point)))

/**
 * Steps that are tried one after the other. Where a higher derivative jumps, the quotient's error shrinks with the step;
 * that of a wrong derivative stays.
 */
const stepsOf = ({ step }: Settings): readonly number[] => [step, step / 8, step / 64]

const per = (unit: number, xs: readonly Tensor[]): readonly Tensor[] => linear(1 / unit, xs, 0, xs)

/** The slopes to both sides of a point; `null` where they are one, as far as differences tell. */
const kinkAlong = ({ point, value }: InF64, us: readonly Tensor[], step: number): readonly [number, number] | null => {
  const here = value(point)
  const slope = (h: number): readonly Tensor[] => linear(1 / h, value(moved(point, h, us)), -1 / h, here)
  const jump = (h: number): readonly Tensor[] => linear(1, slope(h), -1, slope(-h))
  const [near, far] = [largest(jump(step / 64)), largest(jump(step))]
  if (!(near > 0.5 * far && near > 1e-3 * Math.max(largest(slope(step)), largest(slope(-step))))) return null
  const { result, place } = worst(slope(step / 64), slope(-step / 64))
  const at = (list: readonly Tensor[]): number => list[result]?.data[place] ?? Number.NaN
  return [at(slope(-step / 64)), at(slope(step / 64))]
}

const kinkText = (kink: readonly [number, number] | null): string =>
  kink === null
    ? ''
    : `. To both sides the slope is ${digits(kink[0])} and ${digits(kink[1])}: a kink, where there is nothing to compare with`

/** `J u` against the difference quotient, element by element. */
const checkTangent = (
  problem: Problem,
  settings: Settings,
  check: string,
  functions: InF64,
  us: readonly Tensor[],
  at?: string,
): void => {
  const { point, value, push } = functions
  const scaled = inUnits(point, us)
  const unit = Math.max(1, largest(scaled)) // so that a coordinate's numbers are its partial derivatives
  const tangent = per(unit, push(scaled))
  checkFinite(problem, settings, check, tangent, at)
  const compared = stepsOf(settings).map((step) => () => {
    const quotient = per(unit, difference(value, point, us, step))
    const noise = noiseOf(functions) / step / unit
    const allowed = settings.rtol * Math.max(largest(tangent), largest(quotient)) + noise
    return { quotient, allowed, agrees: largest(linear(1, tangent, -1, quotient)) <= allowed }
  })
  if (compared.some((compare) => compare().agrees)) return
  const [first] = compared
  if (first === undefined) return
  const { quotient, allowed } = first()
  const kink = kinkAlong(functions, us, settings.step)
  const received = mismatch(['J u', 'difference'], tangent, quotient, allowed) + kinkText(kink)
  fail(problem, settings, check, 'J u must agree with the central difference.', received, at, kink !== null)
}

/** `<w, J u> = <Jᵀ w, u>`, with the difference in place of `J u` where there is no forward mode. */
export const checkProjection = (problem: Problem, settings: Settings, check: string, functions: InF64): void => {
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
  const noise = noiseOf(functions) * total(ws) * total(scaled)
  const allowed = settings.forward ? 1e-10 * scale + noise : settings.rtol * scale + noise / settings.step
  if (Math.abs(left - right) <= allowed) return
  const received = `${digits(left)} and ${digits(right)}, of terms that add up to ${digits(scale)}`
  fail(problem, settings, check, '<w, J u> must equal <Jᵀ w, u>.', received)
}

/** `Jᵀ w` at one place against the difference quotient of <w, f> there. */
const checkCotangents = (
  problem: Problem,
  settings: Settings,
  check: string,
  functions: InF64,
  places: readonly (readonly [list: number, i: number])[],
): void => {
  const { point, results, value, pull } = functions
  const random = direction(settings.seed, results, 'cotangent').map(widened)
  // one number has a slope, not a direction
  const ws = random.length === 1 && random[0]?.size === 1 ? random.map((w) => mapData(w, () => 1)) : random
  const cotangents = pull(ws)
  const us = direction(settings.seed, problem.xs, 'tangent')
  for (const [list, i] of places) {
    const slope = cotangents[list]?.data[i] ?? Number.NaN
    const along = unit(us, list, i)
    const size = inUnits(point, along)[list]?.data[i] ?? 1
    const compared = stepsOf(settings).map((step) => () => {
      const quotient = difference(value, point, along, step)
      const [right, scale] = [dot(ws, quotient) / size, dotScale(ws, quotient) / size]
      const noise = (noiseOf(functions) * total(ws)) / step
      const allowed = settings.rtol * Math.max(scale, Math.abs(slope)) + noise
      return { right, allowed, agrees: Math.abs(slope - right) <= allowed }
    })
    const [first] = compared
    if (first === undefined || compared.some((compare) => compare().agrees)) continue
    const { right, allowed } = first()
    const ratio = slope / right
    const factor = Number.isFinite(ratio) && slope !== 0 ? `. It is ${digits(ratio)} times the difference` : ''
    const kink = kinkAlong(functions, along, settings.step)
    fail(
      problem,
      settings,
      check,
      'Jᵀ w must agree with the central difference of <w, f>.',
      `Jᵀ w ${digits(slope)}, difference ${digits(right)}; they differ by ${digits(Math.abs(slope - right))}, allowed ${digits(allowed)}${factor}${kinkText(kink)}`,
      `${problem.paths[list]}, element ${i}`,
      kink !== null,
    )
  }
}

/** Each coordinate where there are few, then each argument's part of the direction: finds whose derivative is wrong. */
const checkParts = (problem: Problem, settings: Settings, prefix: string, functions: InF64): void => {
  const us = direction(settings.seed, problem.xs, 'tangent')
  const places = problem.xs.flatMap((x, list) => Array.from({ length: x.size }, (_, i) => [list, i] as const))
  const few = places.length > settings.everyCoordinate ? [] : places
  if (!settings.forward) {
    checkCotangents(problem, settings, `${prefix}cotangent against difference`, functions, few)
    return
  }
  const check = `${prefix}tangent against difference`
  for (const [list, i] of few) {
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
  checkParts(problem, settings, prefix, functions)
  if (settings.backward) checkProjection(problem, settings, `${prefix}cotangent projection`, functions)
}

/** The same; a failure names the equations whose own derivative is wrong. */
const checkAndExplain = (problem: Problem, settings: Settings, prefix: string): void => {
  try {
    checkFirstOrder(problem, settings, prefix)
  } catch (error) {
    throw error instanceof LawError
      ? error.because(suspects(problem, (part) => checkFirstOrder(part, settings, '')))
      : error
  }
}

/**
 * The derivative of a function, forwards and backwards, agrees with central differences in a random direction, in each
 * argument, and (for few numbers) in each coordinate; to second order, so do the derivatives of its derivatives.
 *
 * @param f a function of pytrees; arguments that are not floating are fixed
 * @throws LawError naming the check: "tangent against difference", "cotangent against difference", "cotangent
 * projection", "of the tangent: ...", "of the cotangent: ..."
 */
export const derivativeIsRight = (f: AnyFunction, args: readonly unknown[], options: DerivativeOptions = {}): void => {
  const settings = { ...defaults, ...options }
  const problem = problemOf(f, args)
  checkAndExplain(problem, settings, '')
  if ((options.order ?? 1) === 1) return
  const us = direction(settings.seed + 1, problem.xs, 'tangent')
  const ws = direction(settings.seed + 1, problem.f(problem.xs), 'cotangent')
  const one = { ...settings, everyCoordinate: 0 }
  if (settings.forward) {
    checkAndExplain({ ...problem, f: (xs) => tangentOf(problem.f)(xs, us) }, one, 'of the tangent: ')
  }
  if (settings.backward) {
    checkAndExplain({ ...problem, f: (xs) => cotangentOf(problem.f)(xs, ws) }, one, 'of the cotangent: ')
  }
}

/** `<w, J u> = <Jᵀ w, u>`: the two modes are each other's transpose. */
export const modesAreDual = (f: AnyFunction, args: readonly unknown[], seed = 0): void => {
  const problem = problemOf(f, args)
  checkProjection(problem, { ...defaults, seed }, 'cotangent projection', inF64(problem))
}

/*
 * The derivative of any function against central differences, forwards and backwards. Computed in f64 on the reference
 * evaluator, from the f32 program: there a difference is good to 1e-9, so that a wrong rule has nowhere to hide.
 * Letters: x primals, u a tangent, w a cotangent, J the Jacobian at x.
 */
import type { Tensor } from '@cotangent/core'
import { widened } from '../oracle.js'
import { cotangentOf, difference, type InF64, inF64, tangentOf } from './inF64.js'
import { LawError } from './lawError.js'
import { mismatch } from './mismatch.js'
import { dot, dotScale, inUnits, largest, linear, only, total, unit } from './numbers.js'
import { type AnyFunction, direction, type Problem, problemOf } from './problem.js'
import { checkFinite, type DerivativeOptions, defaults, digits, fail, type Settings } from './settings.js'
import { suspects } from './suspect.js'

/** Rounding of f, of size 1 at least, divided by a step. */
const noiseOf = ({ value, point }: InF64): number => 2 ** -48 * Math.max(1, largest(value(point)))

const per = (unit: number, xs: readonly Tensor[]): readonly Tensor[] => linear(1 / unit, xs, 0, xs)

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
  const [tangent, quotient] = [push(scaled), difference(value, point, us, settings.step)].map((y) => per(unit, y))
  if (tangent === undefined || quotient === undefined) return
  checkFinite(problem, settings, check, tangent, at)
  const error = largest(linear(1, tangent, -1, quotient))
  const noise = noiseOf(functions) / settings.step / unit
  const allowed = settings.rtol * Math.max(largest(tangent), largest(quotient)) + noise
  if (error <= allowed) return
  const received = mismatch(['J u', 'difference'], tangent, quotient, allowed)
  fail(problem, settings, check, 'J u must agree with the central difference.', received, at)
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
  const ws = direction(settings.seed, results, 'cotangent').map(widened)
  const cotangents = pull(ws)
  const us = direction(settings.seed, problem.xs, 'tangent')
  for (const [list, i] of places) {
    const slope = cotangents[list]?.data[i] ?? Number.NaN
    const one = inUnits(point, unit(us, list, i))
    const quotient = difference(value, point, unit(us, list, i), settings.step)
    const size = one[list]?.data[i] ?? 1
    const [right, scale] = [dot(ws, quotient) / size, dotScale(ws, quotient) / size]
    const allowed = settings.rtol * Math.max(scale, Math.abs(slope)) + (noiseOf(functions) * total(ws)) / settings.step
    if (Math.abs(slope - right) <= allowed) continue
    const ratio = slope / right
    const factor = Number.isFinite(ratio) && slope !== 0 ? `. It is ${digits(ratio)} times the difference` : ''
    fail(
      problem,
      settings,
      check,
      'Jᵀ w must agree with the central difference of <w, f>.',
      `Jᵀ w ${digits(slope)}, difference ${digits(right)}; they differ by ${digits(Math.abs(slope - right))}, allowed ${digits(allowed)}${factor}`,
      `${problem.paths[list]}, element ${i}`,
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

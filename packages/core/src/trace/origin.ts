/*
 * Where equations come from: the caller's line, the named scopes around it, and for those that a transform made the
 * primal equation they derive from. It goes with an equation through transforms and passes, and changes nothing else.
 */
import type { Equation, Origin, Pass } from '../ir/ir.js'
import { callSite, printPlace } from './callSite.js'

const nowhere: Origin = { site: null, scope: [], pass: 'forward', of: null }

/** The origin of the equation that a transform is at, and the scopes that are open. */
let ambient = nowhere

const order: Readonly<Record<Pass, number>> = { forward: 0, derivative: 1, backward: 2 }

/** The origin of an equation that stands inside of another one, or comes to stand in its place. */
export const within = (outer: Origin | undefined, inner: Origin | undefined): Origin => {
  if (outer === undefined || outer === nowhere || inner === undefined) return inner ?? outer ?? nowhere
  return {
    site: inner.site ?? outer.site,
    scope: outer.scope.length === 0 ? inner.scope : [...outer.scope, ...inner.scope],
    pass: order[outer.pass] > order[inner.pass] ? outer.pass : inner.pass,
    of: inner.of ?? outer.of,
  }
}

/** Visits equations one after the other; what is bound meanwhile has their origins. */
export const overEquations = (equations: readonly Equation[], visit: (equation: Equation) => void): void => {
  const outer = ambient
  try {
    for (const equation of equations) {
      ambient = within(outer, equation.origin)
      visit(equation)
    }
  } finally {
    ambient = outer
  }
}

/** What is bound meanwhile belongs to the derivative of an equation of this primitive. */
export const inPass = <T>(pass: Pass, of: string, body: () => T): T => {
  const outer = ambient
  ambient = { ...outer, pass: order[outer.pass] > order[pass] ? outer.pass : pass, of: outer.of ?? of }
  try {
    return body()
  } finally {
    ambient = outer
  }
}

/** A program of its own begins: it is told apart from what is around it, and joined with that when it is used. */
export const atStart = <T>(body: () => T): T => {
  const outer = ambient
  ambient = nowhere
  try {
    return body()
  } finally {
    ambient = outer
  }
}

/**
 * The origin of an equation that is made now; `asked` where the caller's line is worth knowing. Nobody wants it who sets
 * `Error.stackTraceLimit` to 0: taking the stack is a third of what tracing costs.
 */
export const originHere = (asked: boolean): Origin =>
  ambient.site === null && asked && Error.stackTraceLimit !== 0 ? { ...ambient, site: callSite() } : ambient

/** ` at model.ts:3:14`, the caller's line of the equation that a transform is at; nothing where that is not known. */
export const placeHere = (): string => printPlace(ambient)

/**
 * Runs a function; the equations made meanwhile belong to a scope of that name. Scopes nest. Programs printed with
 * sources show them, and so do `findNaN` and `profile`.
 *
 * @param name what a reader will know it by, as the name of a layer or of a term of a loss
 * @param f whatever computes with tensors, synchronously
 * @returns what f returns
 * @example
 * const loss = (x: Tensor) => scope('penalty', () => sum(mul(x, x)))
 * printIR(makeIR(loss)(array([1, 2])), { sources: true }).includes('in penalty') // => true
 */
export const scope = <T>(name: string, f: () => T): T => {
  const outer = ambient
  ambient = { ...outer, scope: [...outer.scope, name] }
  try {
    return f()
  } finally {
    ambient = outer
  }
}

/* Minus signs move outwards through what is linear, until a sum takes them in or two of them meet. All of it is exact. */
import { type Atom, basicPrimitives, type Equation, freshVar, type IR, sizeOf, type Var } from '@cotangent/core'

/** `v = -of`; `cost` is the number of elements that are negated if somebody needs v itself. */
interface Negated {
  readonly of: Atom
  readonly cost: number
}

const { neg, add, sub, mul, div, dotGeneral, reduceSum, reshape, transpose, broadcastTo } = basicPrimitives

const bilinear: ReadonlySet<unknown> = new Set([mul, div, dotGeneral])
const linear: ReadonlySet<unknown> = new Set([reduceSum, reshape, transpose, broadcastTo])

const sizeOfAtom = ({ aval }: Atom): number => sizeOf(aval.shape)

/**
 * -(-x)        ->  x
 * (-x) · y     ->  -(x · y)     likewise x / y, contractions, sums over axes, and changes of axes
 * x + (-y)     ->  x - y
 * x - (-y)     ->  x + y
 *
 * A sign moves only where it does not come to stand on a larger tensor than before.
 */
export const moveSigns = (ir: IR): IR => {
  const negated = new Map<number, Negated>()
  const by = new Map<number, Atom>()
  const equations: Equation[] = []
  const substituted = (atom: Atom): Atom => (atom.kind === 'var' ? (by.get(atom.id) ?? atom) : atom)
  const minusOf = (atom: Atom | undefined): Negated | undefined =>
    atom?.kind === 'var' ? negated.get(atom.id) : undefined

  /** `v = -(the equation on other inputs)`; its last step is dropped as unused where nobody needs it. */
  const negate = (v: Var, equation: Equation, cost: number): void => {
    const inner = freshVar(v.aval)
    equations.push({ ...equation, results: [inner] })
    equations.push({ ...equation, primitive: neg, inputs: [inner], attrs: {}, results: [v] })
    negated.set(v.id, { of: inner, cost })
  }

  for (const given of ir.equations) {
    const equation: Equation = { ...given, inputs: given.inputs.map(substituted) }
    const { primitive, inputs, results } = equation
    const [v] = results
    const [x, y] = inputs
    const [minusX, minusY] = [minusOf(x), minusOf(y)]
    if (v === undefined || x === undefined) {
      equations.push(equation)
    } else if (primitive === neg) {
      if (minusX !== undefined) by.set(v.id, minusX.of)
      else {
        equations.push(equation)
        negated.set(v.id, { of: x, cost: sizeOfAtom(x) })
      }
    } else if (linear.has(primitive) && minusX !== undefined) {
      negate(v, { ...equation, inputs: [minusX.of] }, Math.min(minusX.cost, sizeOfAtom(v)))
    } else if (bilinear.has(primitive) && y !== undefined && (minusX ?? minusY) !== undefined) {
      const plain = { ...equation, inputs: [minusX?.of ?? x, minusY?.of ?? y] }
      if (minusX !== undefined && minusY !== undefined) equations.push(plain)
      else if (sizeOfAtom(v) <= (minusX?.cost ?? minusY?.cost ?? 0)) negate(v, plain, sizeOfAtom(v))
      else equations.push(equation)
    } else if (primitive === add && minusY !== undefined) {
      equations.push({ ...equation, primitive: sub, inputs: [x, minusY.of] })
    } else if (primitive === add && minusX !== undefined && y !== undefined) {
      equations.push({ ...equation, primitive: sub, inputs: [y, minusX.of] })
    } else if (primitive === sub && minusY !== undefined) {
      equations.push({ ...equation, primitive: add, inputs: [x, minusY.of] })
    } else {
      equations.push(equation)
    }
  }
  return { ...ir, equations, outputs: ir.outputs.map(substituted) }
}

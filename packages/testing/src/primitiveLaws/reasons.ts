/* Why a law says nothing of a primitive: each reason comes from its record, or from what its cases are made of. */
import {
  basicPrimitives,
  controlPrimitives,
  hostPrimitives,
  isFloating,
  matrixPrimitives,
  type PrimitiveName,
  structuralPrimitives,
} from '@cotangent/core'
import type { Subject } from './law.js'

type Applies = (subject: Subject) => true | string

/** All of them, the first that does not hold giving the reason; what the generator says comes before. */
export const where =
  (law: string, ...conditions: readonly Applies[]): Applies =>
  (subject) => {
    const said = subject.generator.inapplicable?.[law]
    if (said !== undefined) return said
    for (const condition of conditions) {
      const answer = condition(subject)
      if (answer !== true) return answer
    }
    return true
  }

const types = (dtypes: Iterable<string>): string => [...new Set(dtypes)].toSorted().join(', ')

export const hasOperands: Applies = ({ facts }) => (facts().operands.length > 0 ? true : 'it has no operands')

/** A derivative needs something to move, and something that moves with it. */
export const hasFloats: Applies = (subject) => {
  const { operands, results } = subject.facts()
  if (operands.length === 0) return 'it has no operands'
  const all = operands.flatMap((dtypes) => [...dtypes])
  if (!all.some(isFloating)) return `its operands are ${types(all)}: they have no tangents`
  return [...results].some(isFloating) ? true : `its results are ${types(results)}: they have no tangents`
}

/** Where the derivative is what the function's is, and is there in the direction asked for. */
export const isDifferentiable =
  (direction: 'forwards' | 'backwards' | 'either'): Applies =>
  ({ generator: { derivative } }) => {
    if (derivative === 'zero') return 'its derivative is 0 whatever it computes; that is a law of its own'
    if (derivative === 'backwards' && direction === 'forwards') return 'its derivative is given backwards only'
    if (derivative === 'forwards' && direction === 'backwards') return 'its derivative is given forwards only'
    return true
  }

export const isSaidToBeZero: Applies = ({ generator: { derivative } }) =>
  derivative === 'zero' ? true : 'its derivative is that of the function'

/** Linear in an operand, the others fixed; or cases that are linear in all of them together. */
export const isLinear: Applies = ({ primitive, generator, facts }) => {
  if (generator.linear !== undefined || facts().linearIn.length > 0) return true
  const rule = primitive.transpose(0)
  return typeof rule === 'function' ? true : rule.reason
}

const has = (table: object, name: PrimitiveName): boolean => Object.hasOwn(table, name)

/** Who computes it where it has no decomposition. */
export const decomposes: Applies = ({ name, facts }) => {
  if (facts().decomposes) return true
  if (has(basicPrimitives, name)) return 'others are made of it: every engine lowers it'
  if (has(controlPrimitives, name)) return 'it holds programs: an engine lowers it, or the host runs it'
  if (has(hostPrimitives, name)) return 'it runs on the host on every engine'
  if (has(matrixPrimitives, name)) return 'no engine has an operator for it: the host runs it, in f64'
  return has(structuralPrimitives, name) ? 'it is gone before an engine sees a program' : 'it has no decomposition'
}

export const isDefined: Applies = ({ facts }) =>
  facts().defined ? true : 'its evaluation is the definition; it is tested against PyTorch besides'

export const takesIntegers: Applies = ({ generator, facts }) => {
  if (generator.integers !== undefined) return true
  const all = facts().operands.flatMap((dtypes) => [...dtypes])
  if (all.length === 0) return 'it has no operands'
  return all.every(isFloating) ? 'it takes floating operands only' : `its ordinary cases are on ${types(all)} already`
}

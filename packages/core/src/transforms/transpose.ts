/*
 * transpose : (dx -> J dx) -> (ct -> Jᵀ ct)
 *
 * The equations of a linear program backwards. What flows: the cotangent of each variable, summed over its uses.
 */
import { MissingRuleError } from '../errors.js'
import type { Atom, Equation, IR } from '../ir/ir.js'
import { add } from '../primitives/arithmetic.js'
import { literal, type Tensor } from '../tensor.js'
import { LinearOperand } from '../trace/linearOperand.js'
import { inPass, overEquations, placeHere } from '../trace/origin.js'

const noTranspose = ({ primitive }: Equation, reason: string): MissingRuleError =>
  new MissingRuleError({
    op: primitive.name,
    expected: 'a linear program holds linear operations only.',
    received: `${primitive.name}${placeHere()}: ${reason}`,
    todo: 'check that the function is linear in the arguments that are transposed',
  })

/**
 * Cotangents of a linear program's tangent inputs.
 *
 * @param known values of the first inputs (the residuals); the others are the tangents
 * @param cts of the outputs; `null` is zero
 */
export const transposeIR = (
  ir: IR,
  known: readonly Tensor[],
  cts: readonly (Tensor | null)[],
): readonly (Tensor | null)[] => {
  const values = new Map(ir.inputs.slice(0, known.length).map((v, i) => [v.id, known[i]]))
  const sums = new Map<number, Tensor>()
  const isLinear = (atom: Atom): boolean => atom.kind === 'var' && !values.has(atom.id)
  const give = (atom: Atom, ct: Tensor | null): void => {
    if (atom.kind !== 'var' || ct === null) return
    const before = sums.get(atom.id)
    sums.set(atom.id, before === undefined ? ct : add(before, ct))
  }
  const operand = (atom: Atom): Tensor =>
    atom.kind === 'literal'
      ? literal(atom.value, atom.aval.dtype)
      : (values.get(atom.id) ?? new LinearOperand(atom.aval))

  for (const [i, atom] of ir.outputs.entries()) if (isLinear(atom)) give(atom, cts[i] ?? null)
  const pull = (equation: Equation): void => {
    const { primitive, inputs, attrs, results } = equation
    const received = results.map((v) => sums.get(v.id) ?? null)
    for (const v of results) sums.delete(v.id)
    if (received.every((ct) => ct === null)) return
    const operands = inputs.map(operand)
    const linear = inputs.map(isLinear)
    if (primitive.jointTranspose !== null) {
      const parts = primitive.jointTranspose.apply(received, operands, linear, attrs)
      for (const [index, atom] of inputs.entries()) if (linear[index]) give(atom, parts[index] ?? null)
      return
    }
    const [ct] = received
    if (ct === undefined || ct === null || received.length > 1) throw noTranspose(equation, 'it has several results')
    for (const [index, atom] of inputs.entries()) {
      if (!linear[index]) continue
      const rule = primitive.transpose(index)
      if (typeof rule !== 'function') throw noTranspose(equation, rule.reason)
      give(atom, rule(ct, operands, attrs, index))
    }
  }
  overEquations(ir.equations.toReversed(), (equation) =>
    inPass('backward', equation.primitive.name, () => pull(equation)),
  )
  return ir.inputs.slice(known.length).map((v) => sums.get(v.id) ?? null)
}

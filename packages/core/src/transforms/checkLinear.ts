/*
 * Whether a program is linear in some of its inputs: each equation that takes what depends on them must be.
 *
 * An equation z = p(x, y) is linear in x (y fixed) if p has a transpose there. Whether it is so in x and y together,
 * and whether p(0, y) is 0, the transpose tells too: in a product the cotangent of x is made from y; in a sum it is
 * not, and then y has to be linear as well, or 0.
 */
import { isFloating, printAval } from '../aval.js'
import { type Explanation, MissingRuleError } from '../errors.js'
import type { Atom, Equation, IR } from '../ir/ir.js'
import { dropUnused, inlineCalls } from '../ir/passes.js'
import { evaluateIR } from '../reference/evaluate.js'
import { HostTensor, type Tensor } from '../tensor.js'
import { traceLeaves } from '../trace/trace.js'

/** What is known of an input: its value, nothing, or that the program should be linear in it. */
export type InputKind = HostTensor | 'unknown' | 'linear'

/** The operands that the transpose for one of them is made from. */
const readBy = ({ primitive, inputs, attrs, results }: Equation, index: number): ReadonlySet<number> => {
  const rule = primitive.transpose(index)
  const [y] = results
  if (typeof rule !== 'function' || y === undefined) return new Set()
  const { ir } = traceLeaves([y.aval, ...inputs.map((atom) => atom.aval)], ([ct, ...operands]) =>
    ct === undefined ? [] : [rule(ct, operands, attrs, index)],
  )
  const used = dropUnused(ir)
  const atoms = [...used.outputs, ...used.equations.flatMap((equation) => equation.inputs)]
  const ids = new Set(atoms.flatMap((atom) => (atom.kind === 'var' ? [atom.id] : [])))
  const operands = ir.inputs.slice(ir.inputs.length - inputs.length)
  return new Set(operands.flatMap((v, i) => (ids.has(v.id) ? [i] : [])))
}

/**
 * Checks that a program is linear in the inputs that are said to be. Parts whose value is not known here (they depend
 * on a trace that is going on) are taken to be what they should.
 *
 * @param op the caller, for the message, with what must hold and what to do
 * @throws MissingRuleError naming the operation that is not linear
 */
export const checkLinear = (
  { op, expected, todo }: Omit<Explanation, 'received'>,
  whole: IR,
  kinds: readonly InputKind[],
): void => {
  const ir = dropUnused(inlineCalls(whole))
  const linear = new Set(ir.inputs.flatMap((v, i) => (kinds[i] === 'linear' ? [v.id] : [])))
  const unknown = new Set(ir.inputs.flatMap((v, i) => (kinds[i] instanceof HostTensor ? [] : [v.id])))
  const within = (set: ReadonlySet<number>, atom: Atom): boolean => atom.kind === 'var' && set.has(atom.id)
  const refused = (name: string, received: string): MissingRuleError =>
    new MissingRuleError({ op: name, expected, received, todo })

  /** Whether an atom that depends on no linear input is known not to be 0. */
  const isNotZero = (atom: Atom): boolean => {
    if (atom.kind === 'literal') return atom.value !== 0
    if (unknown.has(atom.id)) return false
    const part = dropUnused({ ...ir, outputs: [atom] })
    const values = ir.inputs.map((v, i) => {
      const value = kinds[i]
      return value instanceof HostTensor ? value : new HostTensor(new Float32Array(0), [0], v.aval.dtype)
    })
    return evaluateIR(part, values)[0]?.data.some((x) => x !== 0) ?? false
  }

  const check = (equation: Equation): void => {
    const { primitive, inputs, results } = equation
    const shown = inputs.map((atom) => printAval(atom.aval)).join(', ')
    const depends = inputs.flatMap((atom, i) => (within(linear, atom) ? [i] : []))
    for (const v of results) {
      if (!isFloating(v.aval.dtype)) throw refused(primitive.name, `${primitive.name} to ${printAval(v.aval)}`)
      linear.add(v.id)
    }
    // those that hold programs look into them when they are transposed
    if (primitive.jointTranspose !== null || primitive.properties.programs !== undefined) return
    for (const i of depends) {
      const rule = primitive.transpose(i)
      if (typeof rule !== 'function') throw refused(primitive.name, `${primitive.name} of ${shown}: ${rule.reason}`)
      const read = readBy(equation, i)
      for (const [j, atom] of inputs.entries()) {
        if (j === i) continue
        if (depends.includes(j)) {
          if (read.has(j)) throw refused(primitive.name, `${primitive.name} of ${shown}, where both depend on them`)
        } else if (isFloating(atom.aval.dtype) && !read.has(j) && isNotZero(atom)) {
          throw refused(primitive.name, `${primitive.name} of ${shown}, where operand ${j} is a constant other than 0`)
        }
      }
    }
  }

  for (const equation of ir.equations) {
    if (equation.inputs.some((atom) => within(linear, atom))) check(equation)
    else if (equation.inputs.some((atom) => within(unknown, atom))) for (const v of equation.results) unknown.add(v.id)
  }
  for (const [i, atom] of ir.outputs.entries()) {
    if (!within(linear, atom) && isNotZero(atom)) {
      throw refused(op, `a result (leaf ${i}) that is a constant other than 0, ${printAval(atom.aval)}`)
    }
  }
}

/** What is known of a captured value. */
export const kindOf = (x: Tensor): InputKind => (x instanceof HostTensor ? x : 'unknown')

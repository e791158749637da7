import { printAval, sameAval, sameShape } from '../aval.js'
import type { AnyPrimitive, Atom, Equation, IR } from './ir.js'
import { printIR } from './print.js'

/** Elementwise operands have one shape, and two of them one dtype: nothing is broadcast or promoted inside a program. */
const checkAlike = (name: string, [x, ...others]: readonly Atom[]): void => {
  for (const y of others) {
    const dtypes = others.length > 1 || y.aval.dtype === x?.aval.dtype // `where` takes a condition besides
    if (x !== undefined && sameShape(x.aval.shape, y.aval.shape) && dtypes) continue
    throw new Error(`${name} takes ${[x, ...others].map((atom) => atom && printAval(atom.aval)).join(', ')}`)
  }
}

/**
 * Checks that an equation's operands and results are such as its primitive takes and gives.
 *
 * @throws Error naming the primitive
 */
export const checkEquation = ({ primitive, inputs, attrs, results }: Equation): void => {
  const { name, arity } = primitive
  if (arity !== 'variadic' && arity !== inputs.length) throw new Error(`${name} takes ${arity}, not ${inputs.length}`)
  if (primitive.properties.elementwise === true) checkAlike(name, inputs)
  const avals = primitive.abstractEval(
    inputs.map((atom) => atom.aval),
    attrs,
  )
  if (avals.length !== results.length) throw new Error(`${name} binds ${results.length} of ${avals.length}`)
  for (const [i, v] of results.entries()) {
    const aval = avals[i]
    if (aval === undefined || !sameAval(aval, v.aval)) {
      throw new Error(`${name} gives ${aval && printAval(aval)}, its result is ${printAval(v.aval)}`)
    }
  }
}

const heldBy = ({ properties }: AnyPrimitive, attrs: unknown): readonly IR[] => {
  const body = properties.body?.(attrs)
  return [...(body === undefined ? [] : [body]), ...(properties.programs?.of(attrs) ?? [])]
}

/**
 * Checks a program against what an IR is: every variable bound once and before its use, and every equation's results
 * of the avals its primitive's shape rule gives; likewise the programs that equations hold. For tests, after each pass.
 *
 * @throws Error naming the equation
 */
export const checkIR = (ir: IR): void => {
  const bound = new Map(ir.inputs.map((v) => [v.id, v.aval]))
  if (bound.size !== ir.inputs.length) throw new Error('an input is bound twice')
  const check = (what: string, id: number): void => {
    if (!bound.has(id)) throw new Error(`${what} uses variable ${id} before it is bound, in\n${printIR(ir)}`)
  }
  for (const { primitive, inputs, attrs, results } of ir.equations) {
    for (const atom of inputs) if (atom.kind === 'var') check(primitive.name, atom.id)
    for (const program of heldBy(primitive, attrs)) checkIR(program)
    checkEquation({ primitive, inputs, attrs, results })
    for (const v of results) {
      if (bound.has(v.id)) throw new Error(`${primitive.name} binds variable ${v.id} a second time`)
      bound.set(v.id, v.aval)
    }
  }
  for (const atom of ir.outputs) if (atom.kind === 'var') check('the result', atom.id)
}

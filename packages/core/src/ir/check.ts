import { printAval, sameAval } from '../aval.js'
import type { IR } from './ir.js'
import { printIR } from './print.js'

/**
 * Checks a program against what an IR is: every variable bound once and before its use, and every equation's results
 * of the avals its primitive's shape rule gives. For tests, after each pass.
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
    const avals = primitive.abstractEval(
      inputs.map((atom) => atom.aval),
      attrs,
    )
    if (avals.length !== results.length) throw new Error(`${primitive.name} binds ${results.length} of ${avals.length}`)
    for (const [i, v] of results.entries()) {
      const aval = avals[i]
      if (aval === undefined || !sameAval(aval, v.aval)) {
        throw new Error(`${primitive.name} gives ${aval && printAval(aval)}, its result is ${printAval(v.aval)}`)
      }
      if (bound.has(v.id)) throw new Error(`${primitive.name} binds variable ${v.id} a second time`)
      bound.set(v.id, v.aval)
    }
  }
  for (const atom of ir.outputs) if (atom.kind === 'var') check('the result', atom.id)
}

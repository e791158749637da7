import type { Equation, IR } from '../ir/ir.js'
import { dropIdentities, dropUnused, expandEquations, inlineCalls, overPrograms, shareCommon } from '../ir/passes.js'
import { pruneHeld } from '../ir/prune.js'
import type { AnyPrimitive } from '../primitives/primitive.js'
import { traceLeaves } from '../trace/trace.js'

/** `y = f x`  ->  f's decomposition, where the engine has no lowering of its own for f. */
export const decompose = (ir: IR, lowers: (primitive: AnyPrimitive) => boolean): IR =>
  expandEquations(ir, ({ primitive, inputs, attrs }: Equation) => {
    if (lowers(primitive)) return null
    let has = true
    const { ir: body, captured } = traceLeaves(
      inputs.map((atom) => atom.aval),
      (operands) => {
        const parts = primitive.decompose(operands, attrs)
        has = parts !== null
        return parts ?? []
      },
    )
    if (!has) return null
    if (captured.length > 0) throw new Error(`the decomposition of ${primitive.name} captured a tensor: use constant()`)
    return decompose(body, lowers)
  })

const tidied = (ir: IR): IR => shareCommon(dropUnused(dropIdentities(ir)))

const prepareFlat = (ir: IR, lowers: (primitive: AnyPrimitive) => boolean): IR => {
  const shared = tidied(inlineCalls(ir))
  const decomposed = decompose(shared, lowers)
  return decomposed === shared ? shared : dropUnused(tidied(decomposed))
}

const holdsPrograms = ({ equations }: IR): boolean =>
  equations.some(({ primitive }) => primitive.properties.programs !== undefined)

/** Leaves out of loops and choices, from the outermost in, what nothing needs. */
const prune = (ir: IR): IR => dropUnused(holdsPrograms(ir) ? overPrograms(pruneHeld(ir), prune) : ir)

/** A traced program in the form engines take: no calls, no identities, nothing twice, nothing unused. */
export const prepareIR = (ir: IR, lowers: (primitive: AnyPrimitive) => boolean): IR =>
  prune(overPrograms(prepareFlat(ir, lowers), (program) => prepareIR(program, lowers)))

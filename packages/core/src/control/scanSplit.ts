/* A scan taken apart: for derivatives by what is linear, before a call by what is known early. */
import type { IR, SplitProgram } from '../ir/ir.js'
import type { Tensor } from '../tensor.js'
import { chosen, type Flags, fixpoint, merged, others } from '../transforms/heldPrograms.js'
import { count, partsOf, type ScanAttrs } from './scanParts.js'

type AddScan = (operands: readonly Tensor[], attrs: ScanAttrs) => readonly Tensor[]

/**
 * The results of a scan as two: what needs no linear operand, and stacks what the other needs of it; and the rest.
 *
 * @param split takes the body apart
 * @param add adds either scan
 */
export const splitScan = (
  operands: readonly Tensor[],
  linear: Flags,
  attrs: ScanAttrs,
  split: SplitProgram,
  add: { readonly known: AddScan; readonly linear: AddScan },
): readonly Tensor[] => {
  const flags = partsOf(linear, attrs)
  const linearWith = (carry: Flags): Flags => [...flags.constants, ...carry, ...flags.xs]
  const carry = fixpoint(flags.carry, (grown) => split(attrs.body, linearWith(grown)).outputs)
  const inputs = linearWith(carry)
  const { known, linear: rest, outputs, residuals } = split(attrs.body, inputs, carry)
  const knownOperands = others(operands, inputs)
  const [constants, state] = [count(flags.constants, false), count(carry, false)]

  // a residual is a constant, a slice of an operand, or something the first loop stacks: computed, or carried
  const isConstant = residuals.map((r) => 'input' in r && r.input < constants)
  const carried = residuals.flatMap((r) =>
    'input' in r && r.input >= constants && r.input < constants + state ? [r.input] : [],
  )
  const body: IR = { ...known, outputs: [...known.outputs, ...carried.flatMap((input) => known.inputs[input] ?? [])] }
  const reverse = attrs.reverse && state > 0 // steps that hand nothing on are the same loop in either direction
  const results =
    body.outputs.length === 0 ? [] : add.known(knownOperands, { ...attrs, body, reverse, constants, carry: state })
  const values = count(outputs, false)
  const stacked = known.outputs.length
  const residualOperands = residuals.flatMap((r) => {
    if ('saved' in r) return results[values + r.saved] ?? []
    const at = carried.indexOf(r.input)
    return (at < 0 ? knownOperands[r.input] : results[stacked + at]) ?? []
  })

  const ofResiduals = rest.inputs.slice(0, residuals.length)
  const ofLinear = rest.inputs.slice(residuals.length)
  const [linearConstants, linearState] = [count(flags.constants, true), count(carry, true)]
  const given = partsOf(operands, attrs)
  const tangents = add.linear(
    [
      ...chosen(residualOperands, isConstant),
      ...chosen(given.constants, flags.constants),
      ...chosen(given.carry, carry),
      ...others(residualOperands, isConstant),
      ...chosen(given.xs, flags.xs),
    ],
    {
      ...attrs,
      constants: count(isConstant, true) + linearConstants,
      carry: linearState,
      body: {
        ...rest,
        inputs: [
          ...chosen(ofResiduals, isConstant),
          ...ofLinear.slice(0, linearConstants + linearState),
          ...others(ofResiduals, isConstant),
          ...ofLinear.slice(linearConstants + linearState),
        ],
      },
    },
  )
  return merged(outputs, tangents, results.slice(0, values))
}

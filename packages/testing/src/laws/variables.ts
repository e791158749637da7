/* The values that a program's variables have at a point. */
import { type Equation, evaluateIR, HostTensor, type IR, literal, type Tensor, type Var } from '@cotangent/core'

/** The values of all variables, in the program's own precision. */
export const valuesIn = (ir: IR, inputs: readonly Tensor[]): ReadonlyMap<number, HostTensor> => {
  const variables: readonly Var[] = [...ir.inputs, ...ir.equations.flatMap(({ results }) => results)]
  const values = evaluateIR({ ...ir, outputs: variables }, inputs)
  return new Map(
    variables.flatMap((v, i) => {
      const x = values[i]
      return x === undefined ? [] : [[v.id, new HostTensor(x.data, x.shape, x.dtype)] as const]
    }),
  )
}

/** The values an equation is evaluated on. */
export const operandsOf = ({ inputs }: Equation, values: ReadonlyMap<number, HostTensor>): readonly HostTensor[] =>
  inputs.map((atom) => {
    if (atom.kind === 'literal') return literal(atom.value, atom.aval.dtype)
    const value = values.get(atom.id)
    if (value === undefined) throw new Error(`variable ${atom.id} is used before it is bound`)
    return value
  })

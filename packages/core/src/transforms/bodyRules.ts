/* Rules of an equation that stands for a program: the program's own, which is where transforms look. */
import type { IR } from '../ir/ir.js'
import type { JointTranspose, SplitRule } from '../primitives/primitive.js'
import type { Tensor } from '../tensor.js'
import { runIR } from './interpret.js'
import { transposeIR } from './transpose.js'

/** `ct -> Jᵀ ct` of the program in the operands that are linear. */
export const transposeBody = <A>(bodyOf: (attrs: A) => IR): JointTranspose<A> => ({
  kind: 'joint',
  apply: (cts, operands, linear, attrs) => {
    const ir = bodyOf(attrs)
    // the program's inputs in the order known, linear; its equations do not care
    const known = ir.inputs.filter((_, i) => !linear[i])
    const active = ir.inputs.filter((_, i) => linear[i])
    const parts = transposeIR(
      { ...ir, inputs: [...known, ...active] },
      operands.filter((_, i) => !linear[i]),
      cts,
    )
    let next = 0
    return linear.map((isLinear): Tensor | null => (isLinear ? (parts[next++] ?? null) : null))
  },
})

/** Its equations one by one: each goes where its own operands belong. */
export const splitBody =
  <A>(bodyOf: (attrs: A) => IR): SplitRule<A> =>
  (operands, _linear, attrs) =>
    runIR(bodyOf(attrs), operands)

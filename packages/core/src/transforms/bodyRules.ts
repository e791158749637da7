/* Rules of an equation that stands for a program: the program's own, which is where transforms look. */
import type { IR } from '../ir/ir.js'
import { type NoRule, notDifferentiable, type SplitRule } from '../primitives/primitive.js'
import { runIR } from './interpret.js'

/** Where a linear program is built, the equation is split into those of its program: these are what is transposed. */
export const transposeWithin: NoRule = notDifferentiable('the equations of its program are transposed in its place')

/** Its equations one by one: each goes where its own operands belong. */
export const splitBody =
  <A>(bodyOf: (attrs: A) => IR): SplitRule<A> =>
  (operands, _linear, attrs) =>
    runIR(bodyOf(attrs), operands)

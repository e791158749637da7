import { type AttrsOf, sizeOf } from '@cotangent/core'
import { applyFormula, formula } from './elementwise.js'
import { type Lowering, type LoweringsOf, unary } from './lowering.js'

/** As the reference evaluator: towards 0, the range of i32 is a limit, also for infinities; NaN gives 0. */
const toInteger = (x: string): string =>
  `${x} == ${x} ? Math.max(-2147483648, Math.min(2147483648, Math.trunc(${x}))) : 0`

/**
 * bool and i32 are whole f32 numbers already: as floats they are the same array. NaN is true; the test is for 0, since
 * WGSL compilers make NaN != 0 false.
 */
const cast: Lowering<AttrsOf<'cast'>> = unary(({ value, aval: { dtype: from } }, { dtype: to }, { shape }) => {
  const apply = (text: (x: string) => string) => applyFormula('cast', sizeOf(shape), [value], formula(text))
  if (to === 'bool') return apply((x) => `${x} == 0 ? 0 : 1`)
  return to === 'i32' && from === 'f32' ? apply(toInteger) : value
})

export const castLowerings: LoweringsOf<'cast'> = { cast }

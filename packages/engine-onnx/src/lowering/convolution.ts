/* Convolution: the operator, for one to three spatial axes. */
import { type AttrsOf, sizeOf } from '@cotangent/core'
import { whole } from '../materialise.js'
import { number, stored } from '../value.js'
import { type Lowering, lower2 } from './lowering.js'

export const convolution: Lowering<AttrsOf<'convolution'>> = lower2(
  (x, w, { strides, dilation, groups }, { builder, result }) => {
    // the operator refuses what is empty
    if (sizeOf(result.shape) === 0 || sizeOf(x.aval.shape) === 0 || sizeOf(w.aval.shape) === 0) return number(0, result)
    return stored(
      builder.node('Conv', [whole(builder, x), whole(builder, w)], {
        strides: { ints: [...strides] },
        dilations: { ints: [...dilation] },
        group: { int: groups },
      }),
      result,
    )
  },
)

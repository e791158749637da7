import { sizeOf } from '@cotangent/core'
import type { Lowering } from '../lowerings/lowering.js'
import { dataValue, stored, type Value } from '../program/value.js'
import { batchAxes, exampleAvals } from './batch.js'
import type { Kernels } from './kernels.js'
import type { KernelAttrs } from './record.js'
import { overBatch, plainText } from './sourceText.js'

/** An operand as an array; a card has none of length 0, and nobody reads it. */
const arrayOf = (value: Value): Value => (value.length === 0 ? dataValue([0]) : stored(value))

/** One kernel for the whole batch, from the user's text. */
export const kernelLowering =
  (name: string, kernels: Kernels): Lowering<KernelAttrs> =>
  (operands, { batch }, { shape }) => {
    const length = sizeOf(shape)
    if (length === 0) return dataValue([])
    const avals = exampleAvals(
      operands.map(({ aval }) => aval),
      batch,
    )
    const { text, result } = kernels.at(avals)
    if (text === null) throw new Error('unreachable: f64 and u32 stay on the host')
    const axes = batchAxes(
      batch,
      avals.map((aval) => sizeOf(aval.shape)),
    )
    return {
      kind: 'opaque',
      name,
      source: axes.length === 0 ? plainText(text) : overBatch(text, sizeOf(result.shape), axes),
      operands: operands.map(({ value }) => arrayOf(value)),
      length,
    }
  }

import { type Tensor, tensor } from '@cotangent/core'

/** The rows of x at the places where the mask is not 0: x [...m, width], mask [...m] -> [kept, width]. */
export const rowsWhere = (mask: Tensor, x: Tensor): Tensor => {
  const width = x.size / mask.size
  const kept = [...mask.data].flatMap((m, i) => (m === 0 ? [] : [i]))
  const rows = kept.flatMap((i) => [...x.data.subarray(i * width, (i + 1) * width)])
  return tensor(Float64Array.from(rows), [kept.length, width])
}

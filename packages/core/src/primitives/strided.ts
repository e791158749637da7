import { type Shape, sizeOf } from '../aval.js'

/**
 * Walks an index space in row-major order: `visit(i, offset)` with the running number and Σ index·stride.
 */
export const eachIndex = (
  shape: Shape,
  strides: readonly number[],
  visit: (i: number, offset: number) => void,
): void => {
  const total = sizeOf(shape)
  const rank = shape.length
  if (rank === 0) {
    visit(0, 0)
    return
  }
  const index = new Int32Array(rank)
  const lengths = Int32Array.from(shape)
  const steps = Int32Array.from(strides)
  let offset = 0
  for (let i = 0; i < total; i++) {
    visit(i, offset)
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = (index[axis] ?? 0) + 1
      offset += steps[axis] ?? 0
      if (at < (lengths[axis] ?? 0)) {
        index[axis] = at
        break
      }
      index[axis] = 0
      offset -= (steps[axis] ?? 0) * at
    }
  }
}

/** A statistic of one run under weights of its rows, as {@link bootstrapInterval} wants it. */
export type WeightedStatistic = (run: number, weights: Float64Array) => number

/**
 * Macro F1 of each run under weights, as {@link macroF1}, with all counting buffers made once: a bootstrap calls it
 * some ten thousand times.
 *
 * @param truth [rows] @param predicted [runs][rows]
 * @example weightedMacroF1([0, 1], [[0, 1]])(0, Float64Array.of(1, 1)) // => 1
 */
export const weightedMacroF1 = (
  truth: ArrayLike<number>,
  predicted: readonly ArrayLike<number>[],
): WeightedStatistic => {
  let classes = 0
  for (const labels of [truth, ...predicted]) {
    for (let i = 0; i < labels.length; i++) classes = Math.max(classes, (labels[i] ?? 0) + 1)
  }
  // cell of each row in the table of truth and prediction
  const cells = predicted.map((answers) => Uint32Array.from(answers, (p, i) => (truth[i] ?? 0) * classes + p))
  const table = new Float64Array(classes * classes)
  return (run, weights) => {
    table.fill(0)
    const cell = cells[run] ?? new Uint32Array()
    for (let i = 0; i < cell.length; i++) {
      const at = cell[i] ?? 0
      table[at] = (table[at] ?? 0) + (weights[i] ?? 0)
    }
    let sum = 0
    let occurring = 0
    for (let k = 0; k < classes; k++) {
      let both = 0
      for (let j = 0; j < classes; j++) both += (table[k * classes + j] ?? 0) + (table[j * classes + k] ?? 0)
      if (both > 0) {
        sum += (2 * (table[k * classes + k] ?? 0)) / both
        occurring++
      }
    }
    return sum / occurring
  }
}

/**
 * Accuracy of each run under weights; rows of weight 0 do not count.
 *
 * @param truth [rows] @param predicted [runs][rows]
 * @example weightedAccuracy([0, 1], [[0, 0]])(0, Float64Array.of(3, 1)) // => 0.75
 */
export const weightedAccuracy = (
  truth: ArrayLike<number>,
  predicted: readonly ArrayLike<number>[],
): WeightedStatistic => {
  const right = predicted.map((answers) => Uint8Array.from(answers, (p, i) => Number(p === truth[i])))
  return (run, weights) => {
    const hits = right[run] ?? new Uint8Array()
    let sum = 0
    let total = 0
    for (let i = 0; i < hits.length; i++) {
      const weight = weights[i] ?? 0
      sum += weight * (hits[i] ?? 0)
      total += weight
    }
    return sum / total
  }
}

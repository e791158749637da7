/** The largest magnitude, or 1 where that is 0 or not finite: divided by it, no square overflows or vanishes. */
export const magnitude = (x: ArrayLike<number>): number => {
  let largest = 0
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i] ?? 0))
  return largest > 0 && Number.isFinite(largest) ? largest : 1
}

/** The middle one, or the mean of the two in the middle. */
export const median = (xs: readonly number[]): number => {
  const sorted = [...xs].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** Two measurements in turn, so many times, and the median of the ratios of each turn. */
export const inTurns = async (
  rounds: number,
  ours: () => Promise<number>,
  other: () => Promise<number>,
  ratio: (a: number, b: number) => number,
) => {
  const pairs: (readonly [number, number])[] = []
  for (let i = 0; i < rounds; i++) pairs.push(i % 2 === 0 ? [await ours(), await other()] : await flipped(ours, other))
  return {
    ours: median(pairs.map(([a]) => a)),
    other: median(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => ratio(a, b))),
  }
}

const flipped = async (
  ours: () => Promise<number>,
  other: () => Promise<number>,
): Promise<readonly [number, number]> => {
  const b = await other()
  return [await ours(), b]
}

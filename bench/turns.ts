/** The middle one, or the mean of the two in the middle. */
export const median = (xs: readonly number[]): number => {
  const sorted = [...xs].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** Two measurements in turn, so many times; who begins changes. */
export const pairsInTurns = async <T>(
  rounds: number,
  ours: () => Promise<T>,
  other: () => Promise<T>,
): Promise<readonly (readonly [T, T])[]> => {
  const pairs: (readonly [T, T])[] = []
  for (let i = 0; i < rounds; i++) pairs.push(i % 2 === 0 ? [await ours(), await other()] : await flipped(ours, other))
  return pairs
}

const flipped = async <T>(ours: () => Promise<T>, other: () => Promise<T>): Promise<readonly [T, T]> => {
  const b = await other()
  return [await ours(), b]
}

/** Two measurements in turn, so many times, and the median of the ratios of each turn. */
export const inTurns = async (
  rounds: number,
  ours: () => Promise<number>,
  other: () => Promise<number>,
  ratio: (a: number, b: number) => number,
) => {
  const pairs = await pairsInTurns(rounds, ours, other)
  return {
    ours: median(pairs.map(([a]) => a)),
    other: median(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => ratio(a, b))),
  }
}

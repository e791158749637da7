/** The value below which a share of them lies. */
export const quantile = (xs: readonly number[], share: number): number => {
  const sorted = [...xs].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low + (high - low) * (at - Math.floor(at))
}

/** The middle one, or the mean of the two in the middle. */
export const median = (xs: readonly number[]): number => quantile(xs, 0.5)

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

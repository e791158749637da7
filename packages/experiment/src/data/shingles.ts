/** The distinct shingles of a text as sorted whole numbers; equal numbers mean equal shingles within one call. */
export type ShingleSet = Float64Array

/** Words in lower case: letters and digits, everything else parts them. */
const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/**
 * The shingles of texts: all runs of `size` words. A text with fewer words is one shingle, a text without words none.
 *
 * Shingles are numbered, not hashed, so that equal numbers mean equal shingles: a run of words w1 w2 w3 of V distinct
 * words is (w1·V + w2)·V + w3, and a text of fewer words a negative number.
 *
 * @param size words in a shingle, at least 1
 * @throws RangeError if V^size has no exact number: for 3 words, above 208,063 distinct words
 * @example shingleSets(['a b c', 'B, c; d'], 2) // => [[1, 6], [6, 11]]
 */
export const shingleSets = (texts: readonly string[], size: number): readonly ShingleSet[] => {
  const numbers = new Map<string, number>()
  const texted = texts.map((text) =>
    wordsOf(text).map((word) => {
      const known = numbers.get(word)
      if (known !== undefined) return known
      numbers.set(word, numbers.size)
      return numbers.size - 1
    }),
  )
  const distinct = numbers.size
  if (!Number.isInteger(size) || size < 1 || !Number.isSafeInteger(distinct ** size * size))
    throw new RangeError(
      `shingleSets: size must be a whole number of at least 1, so small that (distinct words)^size stays below 2^53.\n  received  size ${size}, ${distinct} distinct words\n` +
        '  to do     take shorter shingles, or fewer texts at once',
    )
  const numberOf = (words: readonly number[], start: number, length: number): number => {
    let run = 0
    for (let k = 0; k < length; k++) run = run * distinct + (words[start + k] ?? 0)
    return length === size ? run : -(run * size + length)
  }
  return texted.map((words) => {
    const length = Math.min(size, words.length)
    const found = new Float64Array(length === 0 ? 0 : words.length - length + 1)
    for (let start = 0; start < found.length; start++) found[start] = numberOf(words, start, length)
    found.sort()
    return found.filter((shingle, i) => i === 0 || shingle !== found[i - 1])
  })
}

/**
 * Jaccard similarity: |a ∩ b| / |a ∪ b|, in [0, 1]; 0 for two empty sets.
 *
 * @example jaccard(Float64Array.of(1, 2, 3), Float64Array.of(2, 3, 4)) // => 0.5
 */
export const jaccard = (a: ShingleSet, b: ShingleSet): number => {
  let common = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i] ?? 0
    const y = b[j] ?? 0
    if (x === y) common++
    if (x <= y) i++
    if (y <= x) j++
  }
  const all = a.length + b.length - common
  return all === 0 ? 0 : common / all
}

/** A row of a sparse matrix: values at columns, columns ascending. */
export interface SparseRow {
  readonly columns: Uint32Array
  readonly values: Float64Array
}

/** What tf-idf learned from the training texts. */
export interface Tfidf {
  /** Column of each word. */
  readonly vocabulary: ReadonlyMap<string, number>
  /** Inverse document frequency of each column, [words]. */
  readonly idf: Float64Array
}

/**
 * Words of a text: runs of letters and digits, in lower case.
 *
 * @example wordsOf('Re: 2 Offers!') // => ['re', '2', 'offers']
 */
export const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/**
 * Learns a vocabulary and the words' weights.
 *
 * idf(w) = ln((1 + n) / (1 + df(w))) + 1,  n texts, df(w) of them with w
 *
 * @param texts the training texts alone, so that nothing of the test split leaks in
 * @param minTexts words in fewer texts are left out
 * @example fitTfidf(['a b', 'a']).vocabulary.get('b') // => 1
 */
export const fitTfidf = (texts: readonly string[], minTexts = 1): Tfidf => {
  const frequency = new Map<string, number>()
  for (const text of texts) {
    for (const word of new Set(wordsOf(text))) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  }
  const kept = [...frequency].filter(([, count]) => count >= minTexts).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    vocabulary: new Map(kept.map(([word], column) => [word, column])),
    idf: Float64Array.from(kept, ([, count]) => Math.log((1 + texts.length) / (1 + count)) + 1),
  }
}

/**
 * A text as a row of length 1 over the vocabulary; words outside it do not count.
 *
 * value(w) = (1 + ln count(w)) · idf(w), then divided by the row's Euclidean norm
 *
 * @returns an empty row when no word is known
 * @example tfidfRow(fitTfidf(['a b', 'a']), 'b').values // => [1]
 */
export const tfidfRow = ({ vocabulary, idf }: Tfidf, text: string): SparseRow => {
  const counts = new Map<number, number>()
  for (const word of wordsOf(text)) {
    const column = vocabulary.get(word)
    if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1)
  }
  const entries = [...counts].sort(([a], [b]) => a - b)
  const values = Float64Array.from(entries, ([column, count]) => (1 + Math.log(count)) * (idf[column] ?? 0))
  const norm = Math.hypot(...values)
  return { columns: Uint32Array.from(entries, ([column]) => column), values: values.map((v) => v / norm) }
}

// Comparing costs time in the product of the lengths, so words longer than this are not compared.
const longest = 80

/**
 * Edit distance: the fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
 * (optimal string alignment).
 *
 * d(i, j) = min(d(i-1, j) + 1, d(i, j-1) + 1, d(i-1, j-1) + [a_i ≠ b_j], d(i-2, j-2) + 1 if the last two are swapped)
 *
 * @example editDistance('rank', 'rnak') // => 1
 */
export const editDistance = (a: string, b: string): number => {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/**
 * The known word that was most likely meant, for "did you mean": within a third of the word's length (at least 2 edits,
 * and never a whole word's worth), letter case aside.
 *
 * @returns the nearest word, the first of equally near ones, or undefined
 * @example nearest('hiden_size', ['hidden_size', 'vocab_size']) // => 'hidden_size'
 * @example nearest('colour', ['rank', 'alpha']) // => undefined
 */
export const nearest = (word: string, known: Iterable<string>): string | undefined => {
  if (word.length === 0 || word.length > longest) return undefined
  const limit = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 3)))
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of known) {
    if (Math.abs(name.length - word.length) > limit) continue
    const distance = editDistance(word.toLowerCase(), name.toLowerCase())
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name, distance }
  }
  return best?.name
}

/**
 * The words of a list as a reader wants them when one was not known: the near one first, the others counted or listed.
 *
 * @example suggestion('onx', ['onnx', 'gpu']) // => 'did you mean "onnx"? (known: onnx, gpu)'
 */
export const suggestion = (word: string, known: readonly string[]): string => {
  const near = nearest(word, known)
  const listed = known.length === 0 ? 'none are known' : `known: ${known.join(', ')}`
  return near === undefined ? listed : `did you mean "${near}"? (${listed})`
}

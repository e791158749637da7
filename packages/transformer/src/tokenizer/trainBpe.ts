import { byteCharacters, toByteCharacters, wordPattern } from './byteLevel.js'
import { maxHeap } from './maxHeap.js'

/** What training gives: the tokens in the order of their ids, and the merges in the order they are applied. */
export interface BpeVocabulary {
  /** Tokens by id: special tokens, the 256 byte characters, then one token per merge. */
  readonly tokens: readonly string[]
  /** How many of `tokens`, from id 0 on, are special. */
  readonly specials: number
  /** Pairs of tokens, earliest first. */
  readonly merges: readonly (readonly [string, string])[]
}

/** How large the vocabulary gets, and what is in it from the start. */
export interface BpeTrainingOptions {
  /** Tokens in all: special tokens, 256 bytes and the rest merges. */
  readonly vocabularySize: number
  /** Special tokens; they get the ids from 0 on, in this order. */
  readonly specialTokens: readonly string[]
  /** A pair seen fewer times is never merged. Default 2. */
  readonly minFrequency?: number
}

/** Words as the trainer sees them: each distinct word once, its symbols, and how often it was seen. */
interface Corpus {
  readonly symbols: number[][]
  readonly counts: number[]
}

/** A pair of neighbouring symbols: how often it occurs, weighted by the words' counts, and in which words. */
interface Pair {
  readonly left: number
  readonly right: number
  count: number
  /** Indices of words that held the pair at some time; some may have lost it since. */
  readonly words: number[]
}

interface Candidate {
  readonly pair: Pair
  /** The pair's count when it was put on the heap; a later change makes this entry stale. */
  readonly count: number
}

// Most frequent first; of equals the one with the smaller ids, as in Hugging Face's trainer, so that merges agree.
const before = (a: Candidate, b: Candidate): boolean =>
  a.count !== b.count
    ? a.count > b.count
    : a.pair.left !== b.pair.left
      ? a.pair.left < b.pair.left
      : a.pair.right < b.pair.right

const countWords = (texts: Iterable<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const text of texts)
    for (const [word] of text.matchAll(wordPattern())) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

const corpusOf = (words: ReadonlyMap<string, number>, idOf: ReadonlyMap<string, number>): Corpus => ({
  symbols: Array.from(words.keys(), (word) => Array.from(toByteCharacters(word), (symbol) => idOf.get(symbol) ?? 0)),
  counts: [...words.values()],
})

/** Replaces each `left right` by `merged`, from the left, without overlap. */
const mergeWord = (symbols: readonly number[], left: number, right: number, merged: number): number[] => {
  const result: number[] = []
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i] ?? 0
    if (symbol === left && symbols[i + 1] === right) {
      result.push(merged)
      i++
    } else result.push(symbol)
  }
  return result
}

/** The counts of all pairs, kept up to date while words change. */
const pairTable = () => {
  const pairs = new Map<number, Pair>()
  // Ids stay below 2^21, so left and right fit into one safe integer.
  const keyOf = (left: number, right: number): number => left * 2 ** 21 + right
  return {
    pairs,
    /** Adds `amount` to every pair of a word; the touched pairs are noted in `touched`. */
    add: (symbols: readonly number[], word: number, amount: number, touched: Set<Pair>): void => {
      for (let i = 1; i < symbols.length; i++) {
        const left = symbols[i - 1] ?? 0
        const right = symbols[i] ?? 0
        const key = keyOf(left, right)
        const known = pairs.get(key)
        const pair = known ?? { left, right, count: 0, words: [] }
        if (known === undefined) pairs.set(key, pair)
        pair.count += amount
        if (amount > 0 && pair.words[pair.words.length - 1] !== word) pair.words.push(word)
        touched.add(pair)
      }
    },
  }
}

/**
 * Trains a byte-level BPE vocabulary on texts: starting from the 256 bytes, the most frequent pair of neighbouring
 * symbols inside words becomes a new symbol, until the vocabulary is full or no pair is frequent enough.
 *
 * Pair counts are updated in the words that change only, and the next pair comes from a heap whose stale entries are
 * put back with their present count. The result depends on the texts' words and their counts alone, not on their order.
 *
 * @param texts what to learn from; nothing else is looked at
 * @returns tokens by id and merges; fewer than `vocabularySize` when the texts hold too few frequent pairs
 * @throws RangeError if `vocabularySize` has no room for the special tokens and 256 bytes, or a special token repeats
 * @see Sennrich, Haddow, Birch 2016, arXiv 1508.07909
 * @example trainBpe(['low low lower'], { vocabularySize: 260, specialTokens: [] }).merges[0] // => ['l', 'o']
 */
export const trainBpe = (texts: Iterable<string>, options: BpeTrainingOptions): BpeVocabulary => {
  const { vocabularySize, specialTokens, minFrequency = 2 } = options
  const smallest = specialTokens.length + byteCharacters.length
  if (!Number.isInteger(vocabularySize) || vocabularySize < smallest || vocabularySize >= 2 ** 21)
    throw new RangeError(
      `trainBpe: vocabularySize must be a whole number from ${smallest} (special tokens and 256 bytes) to 2097151.\n  received  ${vocabularySize}\n` +
        '  to do     ask for more tokens, such as 4000',
    )
  // Sorted by code point, as Hugging Face's trainer numbers its alphabet.
  const tokens = [...specialTokens, ...[...byteCharacters].sort((a, b) => (a < b ? -1 : 1))]
  const idOf = new Map(tokens.map((token, id) => [token, id]))
  if (idOf.size !== tokens.length)
    throw new RangeError(
      `trainBpe: special tokens must differ from each other and from single characters.\n  received  ${specialTokens.join(' ')}\n` +
        '  to do     name each once, in more than one character',
    )

  const { symbols, counts } = corpusOf(countWords(texts), idOf)
  const table = pairTable()
  const heap = maxHeap(before)
  const touched = new Set<Pair>()
  symbols.forEach((word, index) => {
    table.add(word, index, counts[index] ?? 0, touched)
  })
  for (const pair of touched) heap.push({ pair, count: pair.count })

  const merges: (readonly [string, string])[] = []
  while (tokens.length < vocabularySize) {
    const top = heap.pop()
    if (top === undefined) break
    const { pair, count } = top
    if (pair.count !== count) {
      if (pair.count >= minFrequency) heap.push({ pair, count: pair.count })
      continue
    }
    if (count < minFrequency) break
    const left = tokens[pair.left] ?? ''
    const right = tokens[pair.right] ?? ''
    merges.push([left, right])
    // Two different pairs may spell the same token: it keeps its first id.
    const merged = idOf.get(left + right) ?? tokens.length
    if (merged === tokens.length) {
      tokens.push(left + right)
      idOf.set(left + right, merged)
    }

    touched.clear()
    for (const index of pair.words) {
      const word = symbols[index] ?? []
      const next = mergeWord(word, pair.left, pair.right, merged)
      if (next.length === word.length) continue
      table.add(word, index, -(counts[index] ?? 0), touched)
      table.add(next, index, counts[index] ?? 0, touched)
      symbols[index] = next
    }
    // A pair that lost occurrences is found stale when it is popped; only what holds the new symbol must be pushed.
    for (const grown of touched)
      if ((grown.left === merged || grown.right === merged) && grown.count >= minFrequency)
        heap.push({ pair: grown, count: grown.count })
  }
  return { tokens, specials: specialTokens.length, merges }
}

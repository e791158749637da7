import { below, type Random } from './random.js'
import { jaccard, type ShingleSet, shingleSets } from './shingles.js'
import { type UnionFind, unionFind } from './unionFind.js'

/** What counts as a near-duplicate. */
export interface NearDuplicateOptions {
  /** Words in a shingle. */
  readonly shingleWords: number
  /** Texts are twins from this Jaccard similarity on. */
  readonly similarity: number
  /** Bands of the locality-sensitive hash, and hashes in each. */
  readonly bands: number
  readonly rows: number
}

/**
 * Twins share half of their runs of three words. Of 40 bands of 3 hashes at least one agrees with probability
 * 1 - (1 - s^3)^40: 0.995 at similarity s = 0.5, 0.9999 at 0.6; what agrees by chance is sorted out by the exact
 * similarity.
 */
export const nearDuplicateDefaults: NearDuplicateOptions = { shingleWords: 3, similarity: 0.5, bands: 40, rows: 3 }

/** Groups of texts: which cluster each text is in, numbered from 0 in the order of their first texts. */
export interface Clusters {
  /** The cluster of each text. */
  readonly of: readonly number[]
  /** How many texts each cluster has. */
  readonly sizes: readonly number[]
}

// The finaliser of MurmurHash3: every bit of the input reaches every bit of the output.
const mix = (x: number): number => {
  let z = x | 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return z ^ (z >>> 16)
}

/** 32 bits of a shingle's number, from its low and high halves. */
const bitsOf = (shingle: number): number => mix(shingle ^ mix(Math.floor(shingle / 2 ** 32)))

/** For each hash the smallest value over a set: two sets agree in one with probability of their Jaccard similarity. */
const signature = (set: ShingleSet, seeds: Int32Array): Int32Array => {
  const smallest = new Int32Array(seeds.length).fill(2 ** 31 - 1)
  for (const shingle of set) {
    const bits = bitsOf(shingle)
    for (let h = 0; h < seeds.length; h++) {
      const value = mix(bits ^ (seeds[h] ?? 0))
      if (value < (smallest[h] ?? 0)) smallest[h] = value
    }
  }
  return smallest
}

/** Clusters from the cluster of each text, whose numbers must run from 0 without holes. */
export const clustersFrom = (of: readonly number[]): Clusters => {
  const sizes = new Array<number>(of.reduce((n, cluster) => Math.max(n, cluster + 1), 0)).fill(0)
  for (const cluster of of) sizes[cluster] = (sizes[cluster] ?? 0) + 1
  return { of, sizes }
}

/** The clusters that sets of texts make. */
export const clustersOf = (n: number, sets: UnionFind): Clusters => {
  const numberOf = new Map<number, number>()
  return clustersFrom(
    Array.from({ length: n }, (_, i) => {
      const root = sets.find(i)
      const cluster = numberOf.get(root) ?? numberOf.size
      numberOf.set(root, cluster)
      return cluster
    }),
  )
}

/**
 * Joins near-duplicates: texts whose word shingles have a Jaccard similarity of at least `similarity`, and by way of
 * them the twins of twins. Candidates come from MinHash with banding, and every one is checked with the exact
 * similarity, so that no two texts are called twins that are not; a pair may be missed with the probability stated at
 * `nearDuplicateDefaults`.
 *
 * A text without words has no twin.
 *
 * @param sets where pairs are joined, one item a text
 * @param random for the hashes' seeds
 * @see Broder, On the resemblance and containment of documents, 1997; Leskovec et al., Mining of Massive Datasets, 3
 */
export const joinNearDuplicates = (
  texts: readonly string[],
  sets: UnionFind,
  random: Random,
  options: NearDuplicateOptions = nearDuplicateDefaults,
): void => {
  const { shingleWords, similarity, bands, rows } = options
  const shingles = shingleSets(texts, shingleWords)
  const seeds = Int32Array.from({ length: bands * rows }, () => below(2 ** 32, random) | 0)
  const signatures = shingles.map((set) => signature(set, seeds))
  for (let band = 0; band < bands; band++) {
    const buckets = new Map<string, number[]>()
    signatures.forEach((hashes, i) => {
      const set = shingles[i]
      if (set === undefined || set.length === 0) return
      const key = hashes.subarray(band * rows, (band + 1) * rows).join()
      const bucket = buckets.get(key) ?? []
      buckets.set(key, bucket)
      for (const j of bucket) {
        const other = shingles[j]
        if (other !== undefined && sets.find(i) !== sets.find(j) && jaccard(set, other) >= similarity) sets.union(i, j)
      }
      bucket.push(i)
    })
  }
}

/**
 * Clusters of near-duplicates; see `joinNearDuplicates`.
 *
 * @example nearDuplicates(['buy now it is cheap', 'Buy now: it is cheap!', 'hello'], () => 0.5).of // => [0, 0, 1]
 */
export const nearDuplicates = (
  texts: readonly string[],
  random: Random,
  options: NearDuplicateOptions = nearDuplicateDefaults,
): Clusters => {
  const sets = unionFind(texts.length)
  joinNearDuplicates(texts, sets, random, options)
  return clustersOf(texts.length, sets)
}

/** Sets that only grow together: n items, each at first on its own. */
export interface UnionFind {
  /** The item that stands for the set of item i. */
  readonly find: (i: number) => number
  /** Makes the sets of i and j one. */
  readonly union: (i: number, j: number) => void
}

/**
 * Disjoint sets with path halving; the smallest item stands for its set, so that the result does not depend on the
 * order of unions.
 *
 * @example const sets = unionFind(3); sets.union(2, 1); sets.find(2) // => 1
 */
export const unionFind = (n: number): UnionFind => {
  const parent = Int32Array.from({ length: n }, (_, i) => i)
  const above = (i: number): number => parent[i] ?? i
  const find = (start: number): number => {
    let i = start
    while (above(i) !== i) {
      parent[i] = above(above(i))
      i = above(i)
    }
    return i
  }
  return {
    find,
    union: (i, j) => {
      const a = find(i)
      const b = find(j)
      if (a < b) parent[b] = a
      else if (b < a) parent[a] = b
    },
  }
}

/**
 * A binary heap of items, largest first by `before` (a strict order: before(a, b) when a must come out first).
 *
 * `pop` gives undefined when nothing is left. Both take O(log n).
 */
export interface MaxHeap<A> {
  readonly push: (item: A) => void
  readonly pop: () => A | undefined
  readonly size: () => number
}

export const maxHeap = <A>(before: (a: A, b: A) => boolean): MaxHeap<A> => {
  const items: A[] = []

  const rise = (item: A, from: number): void => {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = items[above]
      if (parent === undefined || !before(item, parent)) break
      items[at] = parent
      at = above
    }
    items[at] = item
  }

  const sink = (item: A): void => {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const a = items[left]
      const b = items[left + 1]
      if (a === undefined) break
      const [child, place] = b !== undefined && before(b, a) ? [b, left + 1] : [a, left]
      if (!before(child, item)) break
      items[at] = child
      at = place
    }
    items[at] = item
  }

  return {
    push: (item) => rise(item, items.length),
    pop: () => {
      const top = items[0]
      const last = items.pop()
      if (last !== undefined && items.length > 0) sink(last)
      return top
    },
    size: () => items.length,
  }
}

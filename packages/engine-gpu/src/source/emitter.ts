/*
 * The text of a kernel under construction. Blocks (loops, conditions) are open one inside of the other; what depends on
 * no variable of a loop is written before it, and what was written once is used again.
 */
import { range } from '@cotangent/core'
import { type Block, combine, constantPlace, namedPlace, namesIn, type Place, printPlace, splitPlace } from './place.js'

interface Scope {
  readonly lines: string[]
  /** Variables of places that are defined here. */
  readonly names: Set<string>
  /** What was written here, by key. */
  readonly known: Map<string, unknown>
  /** Rounds of this block: of a loop, more than 1. */
  readonly rounds: number
  /** Nothing may be written before a condition that belongs under it. */
  readonly conditional: boolean
}

export interface Emitter {
  /** A name that is not used yet. */
  fresh(prefix: string): string
  line(text: string): void
  /** `const p0 = text;`, a whole number, as a variable of places: its name. */
  index(prefix: string, text: string): string
  /** Nested loops `r0`, `r1`, ... over axes of these lengths. */
  loops(lengths: readonly number[], body: (places: readonly Place[]) => void): void
  /** `if (condition) { ... } else { ... }` */
  when(condition: string, body: () => void, otherwise?: () => void): void
  /** One of some branches, by halves: `before(k)` says whether it comes before branch k. */
  choose(branches: readonly (() => void)[], before: (k: number) => string): void
  /** The coordinates of a place in a row-major array; those that are not `needed` may be wrong. */
  coordinates(place: Place, lengths: readonly number[], needed?: readonly boolean[]): readonly Place[]
  /** What `build` writes and gives, once per key, as far out as its names are known. */
  once<T>(key: string, names: readonly string[], build: () => T): T
  /** How often the lines written now run. */
  rounds(): number
  /** All lines of the kernel. */
  text(): readonly string[]
}

const newScope = (rounds: number, conditional: boolean): Scope => ({
  lines: [],
  names: new Set(),
  known: new Map(),
  rounds,
  conditional,
})

/** @param names variables that are there from the start */
export const makeEmitter = (names: readonly string[]): Emitter => {
  const root = newScope(1, false)
  for (const name of names) root.names.add(name)
  let scopes: Scope[] = [root]
  const counters = new Map<string, number>()
  const current = (): Scope => scopes.at(-1) ?? root

  const fresh = (prefix: string): string => {
    const n = counters.get(prefix) ?? 0
    counters.set(prefix, n + 1)
    return `${prefix}${n}`
  }
  const line = (text: string): void => {
    current().lines.push(text)
  }
  const index = (prefix: string, text: string): string => {
    const name = fresh(prefix)
    line(`const ${name} = ${text};`)
    current().names.add(name)
    return name
  }
  const indented = ({ lines }: Scope): readonly string[] => lines.map((text) => `  ${text}`)
  const inside = (scope: Scope, body: () => void): readonly string[] => {
    scopes.push(scope)
    body()
    scopes.pop()
    return indented(scope)
  }

  const loops: Emitter['loops'] = (lengths, body) => {
    const enter = (axis: number, places: readonly Place[]): void => {
      const length = lengths[axis]
      if (length === undefined) {
        body(places)
        return
      }
      if (length === 1) {
        enter(axis + 1, [...places, constantPlace(0)])
        return
      }
      const name = fresh('r')
      const scope = newScope(length, false)
      scope.names.add(name)
      const lines = inside(scope, () => enter(axis + 1, [...places, namedPlace(name, length)]))
      for (const text of [`for (let ${name} = 0; ${name} < ${length}; ${name}++) {`, ...lines, '}']) line(text)
    }
    enter(0, [])
  }

  const when: Emitter['when'] = (condition, body, otherwise) => {
    const yes = inside(newScope(1, true), body)
    const no = otherwise === undefined ? [] : ['} else {', ...inside(newScope(1, true), otherwise)]
    for (const text of [`if (${condition}) {`, ...yes, ...no, '}']) line(text)
  }

  const choose: Emitter['choose'] = (branches, before) => {
    const among = (from: number, to: number): void => {
      const middle = Math.floor((from + to) / 2)
      if (middle === from) branches[from]?.()
      else
        when(
          before(middle),
          () => among(from, middle),
          () => among(middle, to),
        )
    }
    among(0, branches.length)
  }

  const depthOf = (used: readonly string[]): number =>
    scopes.findLastIndex(({ names: here, conditional }) => conditional || used.some((name) => here.has(name)))

  const once: Emitter['once'] = <T>(key: string, used: readonly string[], build: () => T): T => {
    const depth = Math.max(0, depthOf(used))
    const within = scopes.slice(0, depth + 1)
    const known = within.findLast((scope) => scope.known.has(key))?.known.get(key)
    if (known !== undefined) return known as T // border: a key has one type
    const all = scopes
    scopes = within
    const built = build()
    within.at(-1)?.known.set(key, built)
    scopes = all
    return built
  }

  /** Axes of one block by division, from the last to the first. */
  const divided = ({ from, to, length, place }: Block, lengths: readonly number[], needed: readonly boolean[]) =>
    once(`${from}-${to} of ${lengths}, ${needed}, at ${printPlace(place)}`, namesIn(place), () => {
      const [term] = place.terms
      const simple = place.base === 0 && place.terms.length === 1 && term?.stride === 1
      let rest = simple ? place : namedPlace(index('p', printPlace(place)), length)
      let many = length
      const places: Place[] = []
      for (const axis of range(to - from).reverse()) {
        const here = lengths[from + axis] ?? 1
        many /= here
        if (axis === 0) {
          places.unshift(rest)
        } else if (here === 1) {
          places.unshift(constantPlace(0))
        } else {
          const quotient = namedPlace(index('q', `quotient(${printPlace(rest)}, ${here})`), many)
          const left = combine([rest, quotient], [1, -here])
          const coordinate = (): Place => namedPlace(index('c', printPlace(left)), here)
          places.unshift(needed[from + axis] === true ? coordinate() : constantPlace(0))
          rest = quotient
        }
      }
      return places
    })

  const coordinates: Emitter['coordinates'] = (place, lengths, needed = lengths.map(() => true)) =>
    splitPlace(place, lengths).flatMap((block) => {
      if (block.to - block.from === 1) return [block.place]
      const wanted = range(block.to - block.from).some((k) => needed[block.from + k] === true)
      if (!wanted) return range(block.to - block.from).map(() => constantPlace(0))
      return divided(block, lengths, needed)
    })

  return {
    fresh,
    line,
    index,
    loops,
    when,
    choose,
    coordinates,
    once,
    rounds: () => scopes.reduce((total, scope) => total * scope.rounds, 1),
    text: () => root.lines,
  }
}

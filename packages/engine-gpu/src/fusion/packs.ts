/*
 * Values of one length that one kernel computes, one behind the other in one array: the maximum and the sum of a softmax,
 * mean and deviation of a layer norm, the small products of a layer's adapters. A program's results stay alone.
 *
 * Kernels have levels: each reads what lower levels computed. Those of one level cannot depend on each other, so they are
 * joined without a cycle. Levels are counted once from the start and once from the end of the program.
 */
import { maximumParameters, type Value } from '../program/value.js'
import { costOf } from './cost.js'
import type { Graph, Work } from './graph.js'
import { insideOf } from './inside.js'
import { kernelText } from './kernelText.js'

/** Values whose kernel is one; most have one member. */
export interface Pack {
  readonly members: readonly Work[]
}

/** The largest array of a pack, in elements. */
const largestPack = 2 ** 22

/** Kernels of larger results are worth a start of their own. */
const largestSibling = 2 ** 16

/** Kernels of results this small are joined also where they read nothing in common. */
const smallSibling = 2 ** 12

/** Arrays by what they come from: a pack, or a value that was there. */
type Source = Pack | Value

interface State {
  readonly packs: readonly Pack[]
  readonly packOf: ReadonlyMap<Value, Pack>
  /** What the members of a pack read and are not themselves. */
  readonly reads: (pack: Pack) => readonly Value[]
  readonly sources: (pack: Pack) => ReadonlySet<Source>
}

type Reads = (value: Work) => readonly Value[]

const stateOf = (packs: readonly Pack[], readsOf: Reads): State => {
  const packOf = new Map(packs.flatMap((pack) => pack.members.map((member) => [member as Value, pack] as const)))
  const reads = ({ members }: Pack): readonly Value[] => {
    const own = new Set<Value>(members)
    return members.flatMap((member) => readsOf(member).filter((value) => !own.has(value)))
  }
  return {
    packs,
    packOf,
    reads,
    sources: (pack) => new Set(reads(pack).map((value) => packOf.get(value) ?? value)),
  }
}

const isPack = (source: Source): source is Pack => 'members' in source

const memo = <K, V>(f: (key: K, self: (key: K) => V) => V): ((key: K) => V) => {
  const known = new Map<K, V>()
  const get = (key: K): V => {
    const before = known.get(key)
    if (before !== undefined) return before
    const value = f(key, get)
    known.set(key, value)
    return value
  }
  return get
}

type Levels = (pack: Pack) => number

/** Counted from the start: 1 above the highest that is read. */
const levelsUp = ({ sources }: State): Levels =>
  memo((pack: Pack, level: Levels) => 1 + Math.max(-1, ...[...sources(pack)].filter(isPack).map(level)))

/** Counted from the end, negative: 1 below the lowest that reads it. */
const levelsDown = ({ packs, sources }: State): Levels => {
  const readers = new Map<Pack, Pack[]>(packs.map((pack) => [pack, []]))
  for (const pack of packs) for (const source of sources(pack)) if (isPack(source)) readers.get(source)?.push(pack)
  return memo((pack: Pack, level: Levels) => Math.min(1, ...(readers.get(pack) ?? []).map(level)) - 1)
}

const lengthOf = ({ members }: Pack): number => members[0]?.length ?? 0

const joined = (a: Pack, b: Pack): Pack => ({ members: [...a.members, ...b.members] })

const fits = (pack: Pack, { sources }: State): boolean =>
  sources(pack).size <= maximumParameters && lengthOf(pack) * pack.members.length <= largestPack

/** Whether each member computes the ones it needs once, before its loops. */
const runsOnce = (pack: Pack, stored: ReadonlySet<Value>): boolean => {
  const own = new Set<Value>(pack.members)
  const { rounds } = kernelText<Value | number>(pack.members, {
    locate: (value) =>
      value.kind === 'computed' && (own.has(value) || !stored.has(value))
        ? null
        : { array: value, length: value.length, offset: 0 },
    number: (value) => value,
  })
  return pack.members.every((member) => (rounds.get(member) ?? 1) === 1)
}

/**
 * `max; sum of exp(x - max)`  ->  one kernel: a value joins one that it needs where it reads nothing else that comes later,
 * and where doing that one again costs no more than itself.
 */
const joinDependent = (
  state: State,
  stored: ReadonlySet<Value>,
  free: (value: Value) => boolean,
  readsOf: Reads,
): State => {
  let now = state
  let level = levelsUp(now)
  for (const value of state.packs.flatMap(({ members }) => members)) {
    const pack = now.packOf.get(value)
    if (pack === undefined || value.kind !== 'computed' || !free(value)) continue
    for (const needed of readsOf(value)) {
      const before = now.packOf.get(needed)
      if (before === undefined || before === pack || needed.kind !== 'computed' || !before.members.every(free)) continue
      if (needed.length !== value.length || costOf(needed, stored) > costOf(value, stored)) continue
      const others = [...now.sources(pack)].filter((source) => isPack(source) && source !== before)
      if (!others.every((source) => isPack(source) && level(source) < level(before))) continue
      const both = joined(before, pack)
      if (!fits(both, now) || !runsOnce(both, stored)) continue
      now = stateOf([...now.packs.filter((other) => other !== before && other !== pack), both], readsOf)
      level = levelsUp(now)
      break
    }
  }
  return now
}

const shareSource = (a: Pack, b: Pack, { sources }: State): boolean => {
  const mine = sources(a)
  return [...sources(b)].some((source) => mine.has(source))
}

/** Kernels of one level and length, that read the same or are small. */
const joinSiblings = (state: State, level: Levels, free: (value: Value) => boolean, readsOf: Reads): State => {
  const groups = new Map<string, Pack[]>()
  for (const pack of state.packs) {
    const length = lengthOf(pack)
    const wanted =
      length <= largestSibling && pack.members.every((member) => member.kind === 'computed' && free(member))
    const key = wanted ? `${level(pack)} ${length}` : ''
    const group = groups.get(key) ?? []
    groups.set(key, group)
    const at = wanted
      ? group.findIndex(
          (other) => (length <= smallSibling || shareSource(other, pack, state)) && fits(joined(other, pack), state),
        )
      : -1
    const other = group[at]
    if (other === undefined) group.push(pack)
    else group[at] = joined(other, pack)
  }
  return stateOf([...groups.values()].flat(), readsOf)
}

/** The kernels of a program by the values they compute. */
export const packsOf = ({ work, outputs, users }: Graph, stored: ReadonlySet<Value>): readonly Pack[] => {
  const readsOf = memo((value: Work) => insideOf(value, stored).leaves)
  // a result is an array of its own, and so is what a kernel of the user's takes
  const free = (value: Value): boolean =>
    !outputs.has(value) && (users.get(value) ?? []).every(({ kind }) => kind !== 'opaque')
  const alone = work.filter((value) => stored.has(value)).map((value) => ({ members: [value] }))
  const dependent = joinDependent(stateOf(alone, readsOf), stored, free, readsOf)
  const early = joinSiblings(dependent, levelsUp(dependent), free, readsOf)
  return joinSiblings(early, levelsDown(early), free, readsOf).packs
}

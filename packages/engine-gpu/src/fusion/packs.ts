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
import { insideOf, type Stored } from './inside.js'
import { kernelText } from './kernelText.js'
import { deepestSpot, longestText, textOf } from './spots.js'

/** Values whose kernel is one; most have one member. */
export interface Pack {
  readonly members: readonly Work[]
}

/** The most members of a pack: threads of one group may take different branches. */
const mostMembers = 16

/** The largest array of a pack, in elements. */
const largestPack = 2 ** 22

/** Kernels of larger results are worth a start of their own. */
const largestSibling = 2 ** 16

/** Kernels of results this small are joined also where they read nothing in common. */
const smallSibling = 2 ** 12

/** Arrays by what they come from: a pack, or a value that was there. */
type Origin = Pack | Value

interface State {
  readonly packs: readonly Pack[]
  readonly packOf: ReadonlyMap<Value, Pack>
  /** What the members of a pack read and are not themselves. */
  readonly sources: (pack: Pack) => ReadonlySet<Origin>
}

type Reads = (value: Work) => readonly Value[]

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

const stateOf = (packs: readonly Pack[], readsOf: Reads): State => {
  const packOf = new Map(packs.flatMap((pack) => pack.members.map((member) => [member as Value, pack] as const)))
  const reads = ({ members }: Pack): readonly Value[] => {
    const own = new Set<Value>(members)
    return members.flatMap((member) => readsOf(member).filter((value) => !own.has(value)))
  }
  return { packs, packOf, sources: memo((pack) => new Set(reads(pack).map((value) => packOf.get(value) ?? value))) }
}

const isPack = (origin: Origin): origin is Pack => 'members' in origin

type Levels = ReadonlyMap<Pack, number>

/** 1 above the highest that comes before, from those that nothing comes before. */
const levelsAlong = (packs: readonly Pack[], before: (pack: Pack) => readonly Pack[]): Levels => {
  const after = new Map<Pack, Pack[]>(packs.map((pack) => [pack, []]))
  const open = new Map<Pack, number>()
  for (const pack of packs) {
    const earlier = before(pack)
    open.set(pack, earlier.length)
    for (const other of earlier) after.get(other)?.push(pack)
  }
  const levels = new Map<Pack, number>(packs.filter((pack) => open.get(pack) === 0).map((pack) => [pack, 0]))
  // a map gives what is set while it is walked, too
  for (const [pack, level] of levels) {
    for (const next of after.get(pack) ?? []) {
      const left = (open.get(next) ?? 0) - 1
      open.set(next, left)
      if (left === 0) levels.set(next, level + 1)
    }
  }
  return levels
}

const sourcePacks = (pack: Pack, { sources }: State): readonly Pack[] => [...sources(pack)].filter(isPack)

/** Counted from the start: 1 above the highest that is read. */
const levelsUp = (state: State): Levels => levelsAlong(state.packs, (pack) => sourcePacks(pack, state))

/** Counted from the end: 1 above the highest that reads it. */
const levelsDown = (state: State): Levels => {
  const readers = new Map<Pack, Pack[]>(state.packs.map((pack) => [pack, []]))
  for (const pack of state.packs) for (const source of sourcePacks(pack, state)) readers.get(source)?.push(pack)
  return levelsAlong(state.packs, (pack) => readers.get(pack) ?? [])
}

const lengthOf = ({ members }: Pack): number => members[0]?.length ?? 0

const joined = (a: Pack, b: Pack): Pack => ({ members: [...a.members, ...b.members] })

/** Whether it keeps to the numbers of members, of elements, of arrays, and of values in a text. */
const fits = (pack: Pack, { sources }: State, stored: Stored): boolean => {
  const count = pack.members.length
  if (count > mostMembers || lengthOf(pack) * count > largestPack) return false
  if (sources(pack).size > maximumParameters) return false
  const { has } = apartFrom(pack, stored)
  let room = longestText
  return pack.members.every((member) => {
    const { length, depth } = textOf(member, has)
    room -= length
    return room >= 0 && depth <= deepestSpot
  })
}

/** What has memory for the members of a pack: not they themselves. */
const apartFrom = (pack: Pack, stored: Stored): Stored => {
  const own = new Set<Value>(pack.members)
  return { has: (value) => stored.has(value) && !own.has(value) }
}

/** What computing other members again may cost, where a member's own work is 1. */
const mostAgain = 2

/** Whether each member costs little more where it computes those again that it needs. */
const isCheap = (pack: Pack, stored: Stored): boolean =>
  pack.members.every(
    (member) =>
      member.kind === 'computed' && costOf(member, apartFrom(pack, stored)) <= (1 + mostAgain) * costOf(member, stored),
  )

/** Whether each member computes the ones it needs once, before its loops. */
const runsOnce = (pack: Pack, stored: Stored): boolean => {
  const { has } = apartFrom(pack, stored)
  const { rounds } = kernelText<Value | number>(pack.members, {
    locate: (value) =>
      value.kind === 'computed' && !has(value) ? null : { array: value, length: value.length, offset: 0 },
    number: (value) => value,
  })
  return pack.members.every((member) => (rounds.get(member) ?? 1) === 1)
}

/**
 * `max; sum of exp(x - max)`  ->  one kernel: a value joins one that it needs where it reads nothing else that comes later,
 * and where doing that one again costs no more than itself.
 */
const joinDependent = (state: State, stored: Stored, free: (value: Value) => boolean, readsOf: Reads): State => {
  let now = state
  // a joined kernel has the level of the earlier one; the others' may be higher than need be then, and stay in order
  const level = new Map(levelsUp(now))
  const levelOf = (pack: Pack): number => level.get(pack) ?? 0
  for (const value of state.packs.flatMap(({ members }) => members)) {
    const pack = now.packOf.get(value)
    if (pack === undefined || value.kind !== 'computed' || !free(value)) continue
    for (const needed of readsOf(value)) {
      const before = now.packOf.get(needed)
      if (before === undefined || before === pack || needed.kind !== 'computed' || !before.members.every(free)) continue
      if (needed.length !== value.length || costOf(needed, stored) > costOf(value, stored)) continue
      const others = [...now.sources(pack)].filter((source) => isPack(source) && source !== before)
      if (!others.every((source) => isPack(source) && levelOf(source) < levelOf(before))) continue
      const both = joined(before, pack)
      if (!isCheap(both, stored) || !fits(both, now, stored) || !runsOnce(both, stored)) continue
      now = stateOf([...now.packs.filter((other) => other !== before && other !== pack), both], readsOf)
      level.set(both, levelOf(before))
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
const joinSiblings = (
  state: State,
  level: Levels,
  stored: Stored,
  free: (value: Value) => boolean,
  readsOf: Reads,
): State => {
  const groups = new Map<string, Pack[]>()
  for (const pack of state.packs) {
    const length = lengthOf(pack)
    const wanted =
      length <= largestSibling && pack.members.every((member) => member.kind === 'computed' && free(member))
    const key = wanted ? `${level.get(pack) ?? 0} ${length}` : ''
    const group = groups.get(key) ?? []
    groups.set(key, group)
    const at = wanted
      ? group.findIndex(
          (other) =>
            (length <= smallSibling || shareSource(other, pack, state)) && fits(joined(other, pack), state, stored),
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
  const early = joinSiblings(dependent, levelsUp(dependent), stored, free, readsOf)
  return joinSiblings(early, levelsDown(early), stored, free, readsOf).packs
}

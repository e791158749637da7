/*
 * Which values get memory. A value without is computed inside of each kernel that needs it: that saves a kernel, a write
 * and reads, and costs doing it again where several kernels, or several elements of one, need it.
 *
 * Two rules stand above the count of costs: what has a loop runs once, outside of other loops, so that many threads share
 * the work; and a kernel takes `maximumParameters` arrays.
 */
import { type Computed, maximumParameters, type Value } from '../program/value.js'
import { costOf } from './cost.js'
import type { Graph, Work } from './graph.js'
import { type Inside, insideOf, type Stored } from './inside.js'
import { deepestSpot, longestText, newSpot, type Spot, spotOf } from './spots.js'

/** What starting a kernel costs, in numbers read from memory: some microseconds on a graphics card. */
const launch = 2 ** 18

const hasLoop = (value: Value): boolean => value.kind === 'computed' && value.operation.rounds > 1

/** How often a value needs each element of its operand k. */
const timesIn = ({ operands, operation, length }: Computed, k: number): number =>
  ((operation.reads[k] ?? 1) * length) / (operands[k]?.length ?? 1)

/** How a value is needed, once it is known which of its users have memory. */
interface Need {
  /** For each kernel that would compute it: how often each of its elements, by the spot in the text. */
  readonly kernels: ReadonlyMap<Work, ReadonlyMap<Spot, number>>
  readonly insideLoop: boolean
}

/** How often each of its elements would be computed. */
const timesOf = ({ kernels }: Need): number =>
  [...kernels.values()].reduce((total, spots) => [...spots.values()].reduce((a, b) => a + b, total), 0)

/**
 * The values that a loop can end in: what has one, or follows one element by element and alone. One of them has memory
 * anyway.
 */
const loopEnds = ({ work, users, outputs }: Graph): ReadonlySet<Value> => {
  const ends = new Set<Value>()
  for (const value of work) {
    if (value.kind !== 'computed' || hasLoop(value)) continue
    const follows = value.operands.some((operand, k) => {
      if (operand.kind !== 'computed' || outputs.has(operand) || users.get(operand)?.length !== 1) return false
      return (hasLoop(operand) || ends.has(operand)) && timesIn(value, k) <= 1
    })
    if (follows) ends.add(value)
  }
  return ends
}

/** The cheaper of the two, by the number of elements read and written. */
const storing = (value: Computed, need: Need, guess: ReadonlySet<Value>, ends: ReadonlySet<Value>): boolean => {
  const times = timesOf(need)
  if (hasLoop(value)) return need.insideLoop || need.kernels.size > 1 || times > 1
  if (times <= 1) return false
  if (ends.has(value)) return true
  const cost = costOf(value, guess)
  const read = Math.min(1, Math.max(0.1, 1 / times))
  const again = times * cost * value.length
  const once = (cost + 1 + times * read) * value.length + launch
  return again > once
}

/** From what comes last to what comes first: users are decided before what they use. */
const decide = (graph: Graph, guess: ReadonlySet<Value>): Set<Value> => {
  const { work, users, outputs } = graph
  const ends = loopEnds(graph)
  const stored = new Set<Value>()
  const needs = new Map<Value, Need>()
  const roots = new Map<Work, Spot>()
  const rootOf = (kernel: Work): Spot => {
    const root = roots.get(kernel) ?? newSpot()
    roots.set(kernel, root)
    return root
  }
  const needOf = (value: Work): Need => {
    const kernels = new Map<Work, Map<Spot, number>>()
    let insideLoop = false
    for (const user of users.get(value) ?? []) {
      const inner = stored.has(user) ? undefined : needs.get(user)
      const own = inner?.kernels ?? new Map([[user, new Map([[rootOf(user), 1]])]])
      for (const [kernel, from] of own) {
        const spots = kernels.get(kernel) ?? new Map<Spot, number>()
        kernels.set(kernel, spots)
        for (const [spot, times] of from) addSpots(spots, user, value, spot, times)
      }
      insideLoop ||= inner?.insideLoop === true || hasLoop(user)
    }
    return { kernels, insideLoop }
  }
  const texts = new Map<Work, number>()
  /** Whether there is room for it in the texts of the kernels that need it. */
  const hasRoom = ({ kernels }: Need): boolean =>
    [...kernels].every(
      ([kernel, spots]) =>
        (texts.get(kernel) ?? 1) + spots.size <= longestText &&
        [...spots.keys()].every(({ depth }) => depth <= deepestSpot),
    )

  for (const value of work.toReversed()) {
    const need = needOf(value)
    const handed = (users.get(value) ?? []).some(({ kind }) => kind === 'opaque')
    const own = value.kind === 'opaque' || outputs.has(value) || handed
    if (own || !hasRoom(need) || storing(value, need, guess, ends)) {
      stored.add(value)
      continue
    }
    needs.set(value, need)
    for (const [kernel, spots] of need.kernels) texts.set(kernel, (texts.get(kernel) ?? 1) + spots.size)
  }
  return stored
}

/** Where, and how often, `user` at a spot reads the elements of `value`. */
const addSpots = (spots: Map<Spot, number>, user: Work, value: Value, spot: Spot, times: number): void => {
  if (user.kind !== 'computed') {
    spots.set(spot, times)
    return
  }
  for (const [k, operand] of user.operands.entries()) {
    if (operand !== value) continue
    const at = spotOf(spot, user, k)
    spots.set(at, Math.max(spots.get(at) ?? 0, times * timesIn(user, k)))
  }
}

/** The value inside of a kernel whose memory helps most against too many arrays. */
const relief = (root: Work, { inner }: Inside, stored: Stored): Computed | null => {
  let best: { readonly value: Computed; readonly left: number; readonly size: number } | null = null
  for (const value of inner) {
    const own = insideOf(value, stored)
    if (own.leaves.length > maximumParameters) continue
    const left = insideOf(root, { has: (x) => x === value || stored.has(x) }).leaves.length
    if (best === null || left < best.left || (left === best.left && own.inner.length > best.size)) {
      best = { value, left, size: own.inner.length }
    }
  }
  return best?.value ?? null
}

/** The kernels that compute a value inside. */
const kernelsWith = (value: Value, { users }: Graph, stored: Stored): readonly Work[] => {
  const seen = new Set<Work>()
  const visit = (x: Value): void => {
    for (const user of users.get(x) ?? []) {
      if (seen.has(user)) continue
      seen.add(user)
      if (!stored.has(user)) visit(user)
    }
  }
  visit(value)
  return [...seen].filter((user) => stored.has(user))
}

const within = (graph: Graph, stored: Set<Value>): ReadonlySet<Value> => {
  const waiting: Work[] = graph.work.filter((value) => stored.has(value))
  for (let root = waiting.pop(); root !== undefined; root = waiting.pop()) {
    const inside = insideOf(root, stored)
    if (inside.leaves.length <= maximumParameters) continue
    const value = relief(root, inside, stored)
    if (value === null) continue
    stored.add(value)
    // those that computed it have one array more now
    waiting.push(value, ...kernelsWith(value, graph, stored))
  }
  return stored
}

/** The values that get memory. */
export const storedValues = (graph: Graph): ReadonlySet<Value> => {
  const loops = new Set<Value>(graph.work.filter((value) => value.kind === 'opaque' || hasLoop(value)))
  const first = decide(graph, loops)
  return within(graph, decide(graph, first))
}

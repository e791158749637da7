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
import { type Inside, insideOf } from './inside.js'

/** What starting a kernel costs, in numbers read from memory: some microseconds on a graphics card. */
const launch = 2 ** 18

/** Values computed in one kernel: longer texts compile slowly. */
const longestKernel = 96

const hasLoop = (value: Value): boolean => value.kind === 'computed' && value.operation.rounds > 1

/** How often a value needs each element of an operand; of one that occurs twice, once. */
const timesIn = ({ operands, operation, length }: Computed, operand: Value): number =>
  (operands.reduce((most, x, k) => (x === operand ? Math.max(most, operation.reads[k] ?? 1) : most), 0) * length) /
  operand.length

/** How a value is needed, once it is known which of its users have memory. */
interface Need {
  /** Kernels that would compute it. */
  readonly kernels: ReadonlySet<Work>
  /** How often each of its elements would be computed. */
  readonly times: number
  readonly insideLoop: boolean
}

/**
 * The values that a loop can end in: what has one, or follows one element by element and alone. One of them has memory
 * anyway.
 */
const loopEnds = ({ work, users, outputs }: Graph): ReadonlySet<Value> => {
  const ends = new Set<Value>()
  for (const value of work) {
    if (value.kind !== 'computed' || hasLoop(value)) continue
    const follows = value.operands.some((operand) => {
      if (operand.kind !== 'computed' || outputs.has(operand) || users.get(operand)?.length !== 1) return false
      return (hasLoop(operand) || ends.has(operand)) && timesIn(value, operand) <= 1
    })
    if (follows) ends.add(value)
  }
  return ends
}

/** The cheaper of the two, by the number of elements read and written. */
const storing = (
  value: Computed,
  { kernels, times, insideLoop }: Need,
  guess: ReadonlySet<Value>,
  ends: ReadonlySet<Value>,
): boolean => {
  if (hasLoop(value)) return insideLoop || kernels.size > 1 || times > 1
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
  const needOf = (value: Work): Need => {
    const kernels = new Set<Work>()
    const times = new Map<Work, number>()
    let insideLoop = false
    for (const user of users.get(value) ?? []) {
      const own = needs.get(user)
      const mine: Need =
        stored.has(user) || own === undefined ? { kernels: new Set([user]), times: 1, insideLoop: false } : own
      const reads = user.kind === 'computed' ? timesIn(user, value) : 1
      for (const kernel of mine.kernels) {
        kernels.add(kernel)
        // inside of one kernel what is computed once is used again
        times.set(kernel, Math.max(times.get(kernel) ?? 0, (mine.times / mine.kernels.size) * reads))
      }
      insideLoop ||= mine.insideLoop || hasLoop(user)
    }
    return { kernels, times: [...times.values()].reduce((a, b) => a + b, 0), insideLoop }
  }
  for (const value of work.toReversed()) {
    const need = needOf(value)
    needs.set(value, need)
    const handed = (users.get(value) ?? []).some(({ kind }) => kind === 'opaque')
    if (value.kind === 'opaque' || outputs.has(value) || handed || storing(value, need, guess, ends)) stored.add(value)
  }
  return stored
}

/** The value inside of a kernel whose memory helps most against too many arrays, or too long a text. */
const relief = (root: Work, { inner, leaves }: Inside, stored: ReadonlySet<Value>): Computed | null => {
  let best: { readonly value: Computed; readonly left: number; readonly size: number } | null = null
  for (const value of inner) {
    const own = insideOf(value, stored)
    if (own.leaves.length > maximumParameters) continue
    const rest = insideOf(root, new Set([...stored, value]))
    const left = leaves.length > maximumParameters ? rest.leaves.length : Math.max(rest.inner.length, own.inner.length)
    if (best === null || left < best.left || (left === best.left && own.inner.length > best.size)) {
      best = { value, left, size: own.inner.length }
    }
  }
  return best?.value ?? null
}

const within = (graph: Graph, stored: Set<Value>): ReadonlySet<Value> => {
  const waiting: Work[] = graph.work.filter((value) => stored.has(value))
  for (let root = waiting.pop(); root !== undefined; root = waiting.pop()) {
    const inside = insideOf(root, stored)
    if (inside.leaves.length <= maximumParameters && inside.inner.length < longestKernel) continue
    const value = relief(root, inside, stored)
    if (value === null) continue
    stored.add(value)
    // every kernel may have one array more now
    waiting.splice(0, waiting.length, ...graph.work.filter((x) => stored.has(x)))
  }
  return stored
}

/** The values that get memory. */
export const storedValues = (graph: Graph): ReadonlySet<Value> => {
  const loops = new Set<Value>(graph.work.filter((value) => value.kind === 'opaque' || hasLoop(value)))
  const first = decide(graph, loops)
  return within(graph, decide(graph, first))
}

/*
 * Values over the steps of a run of any length in a list of bounded length: when it is full, neighbours are merged into
 * their mean, and each entry stands for twice as many steps.
 */
import type { TermName } from '../settings.js'

export type Values = Readonly<Record<TermName, number>>

export interface History {
  /** Means over `stride` steps each, oldest first. */
  readonly entries: readonly Values[]
  readonly stride: number
  /** Sums over the steps that make no whole entry yet, and their number. */
  readonly rest: Values
  readonly restSteps: number
}

/** Entries that a history holds; even. */
export const mostEntries = 600

const valuesOf = (f: (name: TermName) => number): Values => {
  const [total, task, consistency] = [f('total'), f('task'), f('consistency')]
  return { total, task, consistency, diversity: f('diversity'), spectral: f('spectral'), gradient: f('gradient') }
}

const nothing: Values = valuesOf(() => 0)

export const emptyHistory: History = { entries: [], stride: 1, rest: nothing, restSteps: 0 }

const halved = ({ entries, stride, ...rest }: History): History => ({
  ...rest,
  stride: 2 * stride,
  entries: Array.from({ length: entries.length / 2 }, (_, i) =>
    valuesOf((name) => ((entries[2 * i]?.[name] ?? 0) + (entries[2 * i + 1]?.[name] ?? 0)) / 2),
  ),
})

/** The history with one step more. */
export const withStep = (history: History, values: Values): History => {
  const { entries, stride } = history
  const rest = valuesOf((name) => history.rest[name] + values[name])
  const restSteps = history.restSteps + 1
  if (restSteps < stride) return { ...history, rest, restSteps }
  const entry = valuesOf((name) => rest[name] / stride)
  const next = { stride, rest: nothing, restSteps: 0, entries: [...entries, entry] }
  return next.entries.length < mostEntries ? next : halved(next)
}

/** One term over time. */
export const seriesOf = ({ entries }: History, name: TermName): readonly number[] => entries.map((entry) => entry[name])

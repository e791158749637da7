import { printAval } from '../aval.js'
import type { Equation } from '../ir/ir.js'
import { printOrigin } from '../ir/print.js'
import { printLine } from '../trace/callSite.js'
import type { ProfileEntry } from './profileEntry.js'

/** What the lines of a table stand for. */
export interface ProfileTableOptions {
  /**
   * An equation of the program with the engine's operation; or all of one operation, of one of the caller's lines, of
   * the functions of these packages that the line calls, of one scope, or of one pass together. `equation` by default.
   */
  readonly by?: 'equation' | 'operation' | 'line' | 'function' | 'scope' | 'pass'
  /** How many lines; 20 by default. */
  readonly top?: number
}

interface Times {
  readonly engine: string
  readonly runs: number
  readonly total: number
  readonly handed: Handed
  readonly entries: readonly ProfileEntry[]
}

/** Bytes that go from the host to an engine and back in one run, between the programs of a function that was split. */
export interface Handed {
  readonly toEngine: number
  readonly toHost: number
}

interface Group {
  readonly name: string
  readonly detail: string
  time: number
  calls: number
}

const lineOf = (equation: Equation | null): string => {
  const line = equation?.origin?.site?.line ?? null
  return line === null ? '(no line)' : printLine(line)
}

/** `standardize < layerNorm < layer`, from the inside; at most so many of them. */
const throughOf = (equation: Equation | null, most = Number.POSITIVE_INFINITY): string => {
  const via = equation?.origin?.site?.line?.via ?? []
  return [...via.slice(0, most), ...(via.length > most ? ['...'] : [])].join(' < ')
}

const describe = (
  { operation, equation, where }: ProfileEntry,
  by: NonNullable<ProfileTableOptions['by']>,
): readonly [name: string, detail: string] => {
  const origin = equation?.origin
  switch (by) {
    case 'operation':
      return [operation, where]
    case 'line':
      return [lineOf(equation), '']
    case 'function':
      return [throughOf(equation) || '(none)', '']
    case 'scope':
      return [origin === undefined || origin.scope.length === 0 ? '(no scope)' : origin.scope.join('/'), '']
    case 'pass':
      return [origin?.pass ?? '(none)', '']
    case 'equation': {
      const result = equation?.results.map(({ aval }) => printAval(aval)).join(' ') ?? ''
      const name = equation === null || equation.primitive.name === operation ? '' : `${equation.primitive.name} `
      const through = throughOf(equation, 4)
      const from = origin === undefined ? '' : printOrigin(origin)
      return [`${operation}  ${name}${result}`, through.includes(' ') ? `${from}, through ${through}` : from]
    }
  }
}

/** The table of a profile: time of a run, its share, calls of a run, and what it is. Inner operations are not counted twice. */
export const profileTable = (
  { engine, runs, total, handed, entries }: Times,
  { by = 'equation', top = 20 }: ProfileTableOptions = {},
): string => {
  const groups = new Map<unknown, Map<string, Group>>()
  for (const entry of entries) {
    const [name, detail] = describe(entry, by)
    const key = by === 'equation' ? entry.equation : null
    const inner = groups.get(key) ?? new Map<string, Group>()
    groups.set(key, inner)
    const group = inner.get(name) ?? { name, detail, time: 0, calls: 0 }
    inner.set(name, group)
    group.time += entry.self / runs
    group.calls += 1 / runs
  }
  const sorted = [...groups.values()].flatMap((inner) => [...inner.values()]).toSorted((a, b) => b.time - a.time)
  const shownRows = sorted.slice(0, top)
  const rows = shownRows.map(({ name, detail, time, calls }) => [
    time.toFixed(1),
    `${((100 * time) / (total || 1)).toFixed(1)}%`,
    String(Number(calls.toFixed(1))),
    name,
    detail,
  ])
  const header = ['us', 'share', 'calls', by, by === 'equation' ? 'from' : '']
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i < 3 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const rest = sorted.slice(top)
  const others = rest.reduce((sum, { time }) => sum + time, 0)
  const { toEngine, toHost } = handed
  const crossing =
    toEngine + toHost === 0 ? '' : `; between its programs ${toEngine} bytes from the host and ${toHost} to it`
  return [
    `${total.toFixed(1)} us a run on ${engine}, mean of ${runs}; ${Math.round(entries.length / runs)} operations${crossing}`,
    line(header),
    ...rows.map(line),
    ...(rest.length === 0 ? [] : [`${others.toFixed(1)} us in ${rest.length} more`]),
  ].join('\n')
}

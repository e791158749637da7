import { printAval } from '../aval.js'
import { printOrigin } from '../ir/print.js'
import type { ProfileEntry } from './profileEntry.js'

/**
 * A profile in the format of Chrome's trace viewer: complete events ("X") with microseconds, a row for each place where
 * operations ran.
 *
 * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export const chromeTrace = (entries: readonly ProfileEntry[]): string => {
  const rows = [...new Set(entries.map(({ where }) => where))]
  const names = rows.map((name, tid) => ({ name: 'thread_name', ph: 'M', pid: 1, tid, args: { name } }))
  const events = entries.map(({ operation, equation, where, run, start, duration }) => {
    const origin = equation?.origin
    return {
      name: operation,
      cat: origin?.pass ?? 'forward',
      ph: 'X',
      pid: 1,
      tid: rows.indexOf(where),
      ts: start,
      dur: duration,
      args: {
        run,
        ...(equation === null
          ? {}
          : {
              equation: equation.primitive.name,
              results: equation.results.map(({ aval }) => printAval(aval)).join(' '),
              operands: equation.inputs.map(({ aval }) => printAval(aval)).join(' '),
            }),
        ...(origin === undefined
          ? {}
          : { from: printOrigin(origin), through: origin.site?.line?.via.join(' < ') ?? '' }),
      },
    }
  })
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [...names, ...events] })
}

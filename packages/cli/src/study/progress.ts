import type { StudyEvent } from '@cotangent/experiment'
import { escapeForTerminal, escapeLines } from '@cotangent/prelude'
import { SingleBar } from 'cli-progress'

const shortNumber = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toPrecision(2))

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '?'
  const whole = Math.max(0, Math.round(seconds))
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

const gigaflops = (flop: number, seconds: number): string =>
  flop === 0 ? '' : `, ${(flop / 1e9).toFixed(0)} GFLOP at ${(flop / 1e9 / Math.max(seconds, 1e-9)).toFixed(0)} GFLOP/s`

interface Running {
  readonly phase: string
  readonly total: number
  readonly unit: string
  readonly start: number
  lastLine: number
  readonly bar: SingleBar | null
}

/**
 * Shows a study's events: a bar per phase on a terminal, a line now and then elsewhere. Everything goes to stderr, so
 * that stdout holds the results alone.
 */
export const showProgress = (
  stream: NodeJS.WriteStream,
): { readonly listen: (event: StudyEvent) => void; readonly stop: () => void } => {
  let running: Running | null = null
  const line = (text: string): void => {
    stream.write(`${escapeLines(text)}\n`)
  }
  const measure = ({ total, start }: Running, done: number) => {
    const seconds = (performance.now() - start) / 1000
    const rate = done / Math.max(seconds, 1e-9)
    return { rate, left: duration((total - done) / rate) }
  }
  const begin = (phase: string, total: number, unit: string): void => {
    const bar = stream.isTTY
      ? new SingleBar({
          stream,
          format: `${escapeForTerminal(phase).padEnd(26)} {bar} {percentage}% | {rate} ${escapeForTerminal(unit)}/s | {loss}{left} left {detail}`,
          barsize: 20,
          hideCursor: true,
          clearOnComplete: true,
          linewrap: false,
          fps: 10,
          gracefulExit: false,
        })
      : null
    bar?.start(total, 0, { rate: '-', loss: '', left: '?', detail: '' })
    running = { phase, total, unit, start: performance.now(), lastLine: performance.now(), bar }
  }
  const progress = (done: number, loss: number | null, detail: string): void => {
    if (running === null) return
    const { rate, left } = measure(running, done)
    const said = loss === null ? '' : `loss ${loss.toFixed(3)} | `
    if (running.bar !== null) {
      running.bar.update(done, { rate: shortNumber(rate), loss: said, left, detail: escapeForTerminal(detail) })
    } else if (performance.now() - running.lastLine > 10_000) {
      running.lastLine = performance.now()
      line(
        `  ${running.phase}: ${done} of ${running.total} ${running.unit}, ${shortNumber(rate)}/s, ${said}${left} left ${detail}`,
      )
    }
  }
  const stop = (): void => {
    running?.bar?.stop()
    running = null
  }
  return {
    stop,
    listen: (event) => {
      switch (event._tag) {
        case 'Note':
          return line(event.text)
        case 'Warning':
          return line(`warning  ${event.text}`)
        case 'PhaseStarted':
          return begin(event.phase, event.total, event.unit)
        case 'Progress':
          return progress(event.done, event.loss, event.detail)
        case 'PhaseEnded':
          stop()
          return line(`${event.phase.padEnd(26)} ${duration(event.seconds)}${gigaflops(event.flop, event.seconds)}`)
        case 'Step':
          return
      }
    },
  }
}

import { ArgumentError } from '@cotangent/core'
import { EdgeFailure, engineUnavailable } from '@cotangent/prelude'
import type { Eventually } from './eventually.js'
import type { Mode } from './mode.js'

/** The device went away, or refused what it was given: the driver stopped, the memory is full. */
export const deviceFailed = (mode: Mode, received: string): EdgeFailure =>
  new EdgeFailure(
    engineUnavailable(
      `gpu (${mode})`,
      received,
      'close this engine and make a new one; what was on the device is gone, so begin from tensors on the host',
    ),
  )

/** More than the device takes. */
export const beyondLimit = (mode: Mode, what: string, limit: number): EdgeFailure =>
  new EdgeFailure(
    engineUnavailable(
      `gpu (${mode})`,
      `${what}; this device takes at most ${limit}`,
      'make it smaller, or use another mode or engine',
    ),
  )

/** gpu.js, or the driver's compiler, does not understand a kernel's text. */
const refusedKernel = (mode: Mode, source: string, cause: Error): ArgumentError =>
  new ArgumentError({
    op: 'gpuEngine',
    expected: 'gpu.js must be able to translate each kernel.',
    received: `${cause.message.trim()} (mode ${mode}), for the kernel\n${source}`,
    todo: 'in a kernel of your own, use numbers, this.thread.x, Math, if and for as docs/user-kernels.md shows',
  })

/** Engines of JavaScript say so in words of their own, as a RangeError. */
const isOutOfMemory = (cause: Error): boolean => cause instanceof RangeError && /memory|allocat/i.test(cause.message)

/** Each kernel of `webasm` has a WebAssembly memory; a page may have about a hundred. */
const outOfMemory = (mode: Mode, cause: Error): EdgeFailure =>
  new EdgeFailure(
    engineUnavailable(
      `gpu (${mode})`,
      cause.message.trim(),
      mode === 'webasm'
        ? "use mode 'cpu': in webasm each kernel has a memory of its own, and a page may have about a hundred"
        : 'close engines that are not needed, or make arrays smaller',
    ),
  )

/** Runs a kernel. Its first run compiles it: what is wrong with the text is said with the text. */
export const explained = <T>(mode: Mode, source: string, run: () => Eventually<T>): Eventually<T> => {
  const refuse = (cause: unknown): never => {
    if (cause instanceof EdgeFailure || !(cause instanceof Error)) throw cause
    throw isOutOfMemory(cause) ? outOfMemory(mode, cause) : refusedKernel(mode, source, cause)
  }
  try {
    const result = run()
    return result instanceof Promise ? result.catch(refuse) : result
  } catch (cause) {
    return refuse(cause)
  }
}

import { EdgeFailure, engineUnavailable } from '@cotangent/prelude'
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

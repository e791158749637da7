import { ArgumentError } from '@cotangent/core'
import { modes, type RequestedMode } from './device/mode.js'

/** How the engine is started. */
export interface GpuEngineOptions {
  /** A mode of gpu.js; `auto` (the default) chooses one: a graphics card where there is one, else `cpu`. */
  readonly mode?: RequestedMode
  /** Told of a mode that computes wrong here, when `auto` goes on to the next; `console.warn` by default. */
  readonly warn?: (message: string) => void
}

const requestable: readonly unknown[] = ['auto', ...modes]
const list = requestable.join(', ')

interface Fault {
  readonly expected: string
  readonly received: string
  readonly todo: string
}

/** Border: JavaScript gives what it likes. */
const faultIn = (options: unknown): Fault | null => {
  if (typeof options !== 'object' || options === null) {
    return {
      expected: 'options must be a record.',
      received: String(options),
      todo: `write gpuEngine({ mode: 'cpu' }); modes are ${list}`,
    }
  }
  const unknown = Object.keys(options).find((key) => key !== 'mode' && key !== 'warn')
  if (unknown !== undefined) {
    return {
      expected: 'options are mode and warn.',
      received: `the option ${JSON.stringify(unknown)}`,
      todo: 'correct its name, or leave it out',
    }
  }
  const mode = 'mode' in options ? options.mode : undefined
  if (mode === undefined || requestable.includes(mode)) return null
  return {
    expected: `mode must be one of ${list}.`,
    received: `mode ${JSON.stringify(mode)}`,
    todo: 'choose one of them',
  }
}

/** @throws ArgumentError for what is no record of these options */
export const checkOptions = (options: GpuEngineOptions): void => {
  const fault = faultIn(options)
  if (fault !== null) throw new ArgumentError({ op: 'gpuEngine', ...fault })
}

import { knownMethods } from '@cotangent/experiment'
import type { LabEvent, Ready, Stepped } from '../protocol.js'
import { labSettings } from '../settings.js'
import { emptyHistory, type History, withStep } from './history.js'

/** What the page shows. */
export interface Shown {
  /** The engine and the method, where there is an engine. */
  readonly ready: Ready | null
  readonly running: boolean
  readonly steps: number
  readonly last: Stepped | null
  /** The last step on the engine there is. */
  readonly here: Stepped | null
  readonly history: History
  /** A few words, to be read aloud. */
  readonly status: string
  /** A message, or nothing. */
  readonly problem: string
}

/** Before the worker has said anything. */
export const shownAtFirst: Shown = {
  ready: null,
  running: false,
  steps: 0,
  last: null,
  here: null,
  history: emptyHistory,
  status: 'loading',
  problem: '',
}

const noEngine = { ready: null, here: null } as const

const methods = knownMethods(labSettings)

/** What is shown after an event. */
export const after = (before: Shown, event: LabEvent): Shown => {
  switch (event._tag) {
    case 'Busy':
      return { ...before, ...(event.usable ? {} : noEngine), status: event.text, problem: '' }
    case 'Ready': {
      const label = methods.get(event.method)?.label ?? event.method
      const status = event.running ? 'running' : `ready: ${label} in mode ${event.mode}`
      const anew = event.steps === 0 ? { history: emptyHistory, last: null, here: null } : {}
      return { ...before, ...anew, ready: event, running: event.running, steps: event.steps, status, problem: '' }
    }
    case 'Running':
      return { ...before, running: true, status: 'running', problem: '' }
    case 'Paused':
      return { ...before, running: false, status: `paused at step ${before.steps}` }
    case 'Stepped': {
      const status = before.running ? 'running' : `paused at step ${event.steps}`
      const history = withStep(before.history, event.readings)
      return { ...before, steps: event.steps, last: event, here: event, history, status, problem: '' }
    }
    case 'Failed':
      return {
        ...before,
        ...(event.usable ? {} : { ...noEngine, last: null }),
        running: false,
        status: 'stopped: see the message',
        problem: event.message,
      }
  }
}

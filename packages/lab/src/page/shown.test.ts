import { describe, expect, test } from 'vitest'
import type { LabEvent, Ready } from '../protocol.js'
import { after, type Shown, shownAtFirst } from './shown.js'

const ready: Ready = {
  _tag: 'Ready',
  method: 'pissa',
  mode: 'cpu',
  requested: 'auto',
  adapter: 'JavaScript',
  software: true,
  passedOver: [],
  trainable: 7,
  steps: 0,
  running: false,
}
const stepped = (steps: number): LabEvent => ({
  _tag: 'Stepped',
  steps,
  readings: { total: steps, task: 0, consistency: 0, diversity: 0, spectral: 0, gradient: 0 },
  weights: { consistency: 0, diversity: 0, spectral: 0 },
  spectrum: [1],
  teacher: [2],
  milliseconds: 1,
  compilations: 1,
  device: { kernels: 1, buffers: 1, bytes: 4 },
})
const afterAll = (...events: readonly LabEvent[]): Shown => events.reduce(after, shownAtFirst)
const totals = ({ history }: Shown): readonly number[] => history.entries.map(({ total }) => total)

describe('what the page shows', () => {
  test('an engine that goes on keeps the history, a start anew has none', () => {
    const trained = [ready, stepped(1), stepped(2)] as const
    expect(totals(afterAll(...trained, { ...ready, steps: 2, mode: 'webgl2' }))).toEqual([1, 2])
    expect(afterAll(...trained, ready)).toMatchObject({ steps: 0, last: null, history: { entries: [] } })
  })

  test('the status changes with what is done, not with every step', () => {
    const running = [ready, { _tag: 'Running' }, stepped(1)] as const
    expect(afterAll(...running).status).toBe('running')
    expect(afterAll(...running, stepped(2)).status).toBe('running')
    expect(afterAll(...running, { _tag: 'Paused' }).status).toBe('paused at step 1')
    // the step that was under way
    expect(afterAll(...running, { _tag: 'Paused' }, stepped(2)).status).toBe('paused at step 2')
  })

  test('while an engine starts nothing can be run; while a step is compiled it can be paused', () => {
    const running = [ready, { _tag: 'Running' }] as const
    const compiling = afterAll(...running, { _tag: 'Busy', text: 'compiling', usable: true })
    expect(compiling).toMatchObject({ status: 'compiling', ready, running: true })
    const starting = afterAll(...running, stepped(1), { _tag: 'Busy', text: 'starting', usable: false })
    expect(starting).toMatchObject({ status: 'starting', ready: null, steps: 1, last: { steps: 1 }, here: null })
    const started = after(starting, { ...ready, steps: 1, running: true })
    // the terms stay; kernels and memory were the other engine's
    expect(started).toMatchObject({ running: true, steps: 1, last: { steps: 1 }, here: null })
    expect(after(started, stepped(2)).here).toMatchObject({ steps: 2 })
  })

  test('a message stays until something works again; without an engine nothing can be run', () => {
    const failed: LabEvent = { _tag: 'Failed', message: 'no', usable: false }
    expect(afterAll(ready, stepped(1), failed)).toMatchObject({ problem: 'no', ready: null, running: false, steps: 1 })
    expect(afterAll(ready, { ...failed, usable: true })).toMatchObject({ problem: 'no', ready })
    expect(afterAll(ready, failed, { ...ready, steps: 1 })).toMatchObject({ problem: '', steps: 1 })
  })
})

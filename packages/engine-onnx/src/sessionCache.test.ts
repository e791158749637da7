import { expect, test } from 'vitest'
import type { Runtime, Session } from './runtime.js'
import { type Loadable, SessionCache, type SessionLimits } from './sessionCache.js'

const program = (hash: string): Loadable => ({ hash, model: Uint8Array.of(hash.charCodeAt(0)), options: {}, bytes: 10 })

/** A cache over sessions that only say when they are made and closed. */
const watched = (limits: SessionLimits) => {
  const log: string[] = []
  const create = async ([code = 0]: Uint8Array): Promise<Session> => {
    const name = String.fromCharCode(code)
    log.push(`+${name}`)
    return { release: async () => log.push(`-${name}`) } as unknown as Session // border: no more of it is used here
  }
  const ort = { InferenceSession: { create } } as unknown as Runtime // border: the same
  return { log, cache: new SessionCache(ort, limits) }
}

test.each([
  ['bytes', { bytes: 20, sessions: 100 }],
  ['sessions', { bytes: 1000, sessions: 2 }],
])('beyond the limit of %s the one used least recently is closed, and made again', async (_, limits) => {
  const { log, cache } = watched(limits)
  for (const name of ['a', 'b', 'a', 'c', 'b']) await cache.load(program(name))
  expect(log).toEqual(['+a', '+b', '+c', '-b', '+b', '-a'])
  expect([cache.size, cache.bytes]).toEqual([2, 20])
})

test('one that runs stays', async () => {
  const { log, cache } = watched({ bytes: 1000, sessions: 1 })
  await cache.use(program('a'), async () => {
    await cache.load(program('b'))
    await cache.load(program('c'))
    expect(log).toEqual(['+a', '+b', '+c', '-b'])
  })
  expect(log.at(-1)).toBe('-c')
})

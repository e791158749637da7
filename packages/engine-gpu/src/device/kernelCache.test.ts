import { expect, test } from 'vitest'
import { KernelCache } from './kernelCache.js'

const spec = (name: string, length = 1) => ({ source: name, length, inputLengths: [1] })

const counting = (most: number, wait: Promise<void> = Promise.resolve()) => {
  const log: string[] = []
  const cache = new KernelCache<string>(({ source, length }) => {
    log.push(`+${source}${length}`)
    return {
      run: async (operands) => {
        await wait
        return `${source}(${operands.join()})`
      },
      destroy: () => log.push(`-${source}${length}`),
    }
  }, most)
  return { cache, log }
}

test('a kernel is compiled once per text and lengths', async () => {
  const { cache, log } = counting(10)
  cache.load(spec('a'))
  expect(await cache.load(spec('a'))(['x', 'y'])).toBe('a(x,y)')
  await cache.load(spec('a', 2))(['x'])
  expect(log).toEqual(['+a1', '+a2'])
  expect(cache.size).toBe(2)
  cache.clear()
  expect(log.slice(2)).toEqual(['-a1', '-a2'])
  expect(cache.size).toBe(0)
})

test('the one used least recently is destroyed, and compiled again when it is needed', async () => {
  const { cache, log } = counting(2)
  for (const name of ['a', 'b', 'a', 'c']) await cache.load(spec(name))([])
  expect(log).toEqual(['+a1', '+b1', '+c1', '-b1'])
  await cache.load(spec('b'))([])
  expect(log.slice(4)).toEqual(['+b1', '-a1'])
  expect(cache.size).toBe(2)
})

test('one that runs is left alone', async () => {
  let go = (): void => {}
  const { cache, log } = counting(
    1,
    new Promise((resolve) => {
      go = resolve
    }),
  )
  const running = cache.load(spec('a'))([])
  cache.load(spec('b'))
  expect(log).toEqual(['+a1', '+b1'])
  go()
  await running
  cache.load(spec('c'))
  expect(log).toEqual(['+a1', '+b1', '+c1', '-a1', '-b1'])
})

import { expect, it } from 'vitest'
import { inTurn } from './inTurn.js'

it('runs one task at a time and answers in order', async () => {
  let running = 0
  let most = 0
  const task = (answer: number, turns: number) => async (): Promise<number> => {
    running += 1
    most = Math.max(most, running)
    for (let i = 0; i < turns; i++) await Promise.resolve()
    running -= 1
    return answer
  }
  expect(await inTurn([task(1, 5), task(2, 0), task(3, 2)])).toEqual([1, 2, 3])
  expect(most).toBe(1)
  expect(await inTurn([])).toEqual([])
})

it('ends at the first failure: later tasks are not begun', async () => {
  const begun: string[] = []
  const tasks = ['good', 'bad', 'never'].map((name) => async () => {
    begun.push(name)
    if (name === 'bad') throw new Error('the second failed')
  })
  await expect(inTurn(tasks)).rejects.toThrow('the second failed')
  expect(begun).toEqual(['good', 'bad'])
})

/* The example objective of the documentation. */
import { join } from 'node:path'
import { evaluate, type NluInput, weightsAt } from '@cotangent/ba-lora'
import { array, key, normal, split, type Tensor } from '@cotangent/core'
import { methodFromModule } from '@cotangent/experiment'
import { getOrThrow } from '@cotangent/prelude'
import { checkGrads } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { read } from './support/pages.js'
import { root } from './support/publicApi.js'

describe('docs/examples/own-objective', async () => {
  const path = 'docs/examples/own-objective/mine.mjs'
  const module: unknown = await import(join(root, path))
  const method = getOrThrow(methodFromModule(module, path))
  const [k1 = key(1), k2 = key(2)] = split(key(0))
  const input = (student: Tensor): NluInput => ({
    student,
    teacher: normal(k2, [5, 3]),
    labels: array([0, 2, 1, 1, 0], 'i32'),
    mask: array([1, 1, 1, 1, 0]),
  })
  const objective = method.objective(1)
  const loss = (student: Tensor): Tensor => evaluate(objective)(input(student), weightsAt(objective, 0)).total

  test('is a method of the study', () => {
    expect(method).toMatchObject({ name: 'confidence', label: 'confidence', adapter: 'pissa', regularised: true })
    expect(objective.map(({ name, weight }) => [name, weight(0)])).toEqual([
      ['task', 1],
      ['confidence', 0.1],
    ])
  })

  test('has a finite value and right gradients; masked rows do not count', () => {
    const logits = normal(k1, [5, 3])
    expect(loss(logits).item()).toBeGreaterThan(0)
    checkGrads(loss, [logits])
    const other = array(logits.data.length === 15 ? [...rows(logits).slice(0, 4), [9, 0, -9]] : [])
    expect(loss(other).item()).toBe(loss(logits).item())
  })

  test('takes 15 lines', () => {
    const lines = read(path).split('\n')
    expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(15)
  })
})

const rows = (x: Tensor): readonly (readonly number[])[] =>
  Array.from({ length: x.shape[0] ?? 0 }, (_, i) => {
    const width = x.shape[1] ?? 0
    return Array.from<number>(x.data.slice(i * width, (i + 1) * width))
  })

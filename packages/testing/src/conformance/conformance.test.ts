import { composedPrimitives, type Engine, type Executable, HostTensor, referenceEngine } from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { conformance } from './conformance.js'

/** The reference evaluator without the composed primitives: their decompositions are what runs. */
const decomposed: Engine = {
  ...referenceEngine(),
  name: 'decomposed',
  lowers: ({ name }) => !(name in composedPrimitives),
}

describe('the reference evaluator conforms to itself', () => {
  for (const { name, run } of conformance(referenceEngine(), { runs: 10 })) test(name, run)
})

describe('decompositions conform to the reference evaluator', () => {
  for (const { name, run } of conformance(decomposed)) test(name, run)
})

/** An engine that changes each result. */
const faulty = (name: string, spoil: (value: number, i: number) => number): Engine => ({
  ...referenceEngine(),
  name,
  load: async (ir): Promise<Executable> => {
    const right = await referenceEngine().load(ir)
    return {
      ...right,
      run: async (inputs) => {
        const results = await right.run(inputs)
        return results.map((x) => new HostTensor(Float32Array.from<number>(x.data).map(spoil), x.shape, x.dtype))
      },
    }
  },
})

const failures = async (engine: Engine): Promise<readonly string[]> => {
  const names: string[] = []
  for (const { name, run } of conformance(engine)) await run().catch(() => names.push(name.replace(/^.*: /, '')))
  return names
}

describe('the suite notices an engine that', () => {
  test('is off by 1 in 10,000', async () => {
    const found = await failures(faulty('a little off', (x) => x * (1 + 1e-4)))
    for (const name of ['add', 'div', 'exp', 'reduceSum', 'dotGeneral', 'softmax', 'singularValues', 'eigh']) {
      expect(found).toContain(name)
    }
  })

  test('hides NaN', async () => {
    const found = await failures(faulty('without NaN', (x) => (Number.isNaN(x) ? 0 : x)))
    expect(found).toContain('log, hostile values')
  })

  test('loses the last element', async () => {
    const found = await failures(faulty('short', (x, i) => (i === 1 ? 0 : x)))
    for (const name of ['reshape', 'transpose', 'concat', 'take', 'pad', 'slice']) expect(found).toContain(name)
  })
})

test('a failure names the engine, the element, the tolerance, and the seed', async () => {
  const add = conformance(faulty('off', (x) => x + 1)).find(({ name }) => name === 'off: add')
  const failure: unknown = await add?.run().catch((error: unknown) => error)
  expect(String(failure)).toMatch(/seed: 0, path/)
  expect(String(failure)).toMatch(/off: an element must agree with the reference evaluator/)
  expect(String(failure)).toMatch(/add f32\[/)
})

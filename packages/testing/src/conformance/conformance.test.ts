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

/** Which of these checks an engine fails. */
const failures = async (engine: Engine, names: readonly string[]): Promise<readonly string[]> => {
  const failed: string[] = []
  for (const { name, run } of conformance(engine)) {
    const short = name.slice(engine.name.length + 2)
    if (names.includes(short)) await run().catch(() => failed.push(short))
  }
  return failed
}

const ordinary = (...names: readonly string[]): readonly string[] => names.map((name) => `${name}, ordinary values`)

describe('the suite notices an engine that', () => {
  test('is off by 1 in 10,000', async () => {
    const names = ordinary('add', 'div', 'exp', 'reduceSum', 'dotGeneral', 'softmax', 'singularValues', 'eigh')
    expect(
      await failures(
        faulty('a little off', (x) => x * (1 + 1e-4)),
        names,
      ),
    ).toEqual(expect.arrayContaining([...names]))
  })

  test('is off by 1 in 1,000 where the program is a derivative, or batched', async () => {
    const names = ['tanh, transformed', 'mul, transformed', 'dotGeneral, transformed']
    expect(
      await failures(
        faulty('a little off', (x) => x * (1 + 1e-3)),
        names,
      ),
    ).toHaveLength(3)
  })

  test('hides NaN', async () => {
    const names = ['log, hostile values']
    expect(
      await failures(
        faulty('without NaN', (x) => (Number.isNaN(x) ? 0 : x)),
        names,
      ),
    ).toEqual(names)
  })

  test('loses the last element', async () => {
    const names = ordinary('reshape', 'transpose', 'concat', 'take', 'pad', 'slice')
    expect(
      await failures(
        faulty('short', (x, i) => (i === 1 ? 0 : x)),
        names,
      ),
    ).toHaveLength(names.length)
  })
})

test('a failure names the engine, the element, the tolerance, and the seed', async () => {
  const tests = conformance(
    faulty('off', (x) => x + 1),
    { seed: 0 },
  )
  const add = tests.find(({ name }) => name === 'off: add, ordinary values')
  const failure: unknown = await add?.run().catch((error: unknown) => error)
  expect(String(failure)).toMatchInlineSnapshot(`
    "LawError: off: an element must agree with the reference evaluator.
      received  1, expected 0 (result 0, element 0), allowed 0 (exact: one rounding, or none)
      example   add f32[] 0 f32[] 0
      found     in example 1, shrunk 3 times
      again     seed 0, path "0:0:0:0"
      program
        { lambda a:f32[] b:f32[] .
          let c:f32[] = add a b
          in ( c ) }"
  `)
})

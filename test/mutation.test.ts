/*
 * A sample of the mutation check, so that it cannot rot: one mutant each of twenty primitives, which the laws have to
 * notice. `npm run test:mutation` tries all of them.
 */
import { judged, lawRuns, mutantsOf, type Subject, subjects, withMutant } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import equivalent from '../scripts/equivalent-mutants.json' with { type: 'json' }

const { seed } = lawRuns()

/** A number that looks random and depends on the seed. */
const scrambled = (salt: number): number => Math.imul(seed * 7919 + salt + 1, 0x9e3779b1) >>> 8

/** Without those whose cases are whole programs, which take longer. */
const sampled: readonly Subject[] = subjects
  .filter(({ generator }) => generator.share === undefined)
  .map((subject, i) => ({ subject, place: scrambled(i) }))
  .toSorted((a, b) => a.place - b.place)
  .slice(0, 20)
  .map(({ subject }) => subject)

describe('the laws notice', () => {
  for (const [i, subject] of sampled.entries()) {
    const mutants = mutantsOf(subject).filter(({ name }) => !Object.hasOwn(equivalent, name))
    const mutant = mutants[scrambled(1000 + i) % Math.max(1, mutants.length)]
    if (mutant === undefined) continue // it has no operands that a rule could get wrong
    test(mutant.name, () => {
      const [verdict] = judged(subject, [mutant], seed)
      expect(verdict?.killer).toEqual(expect.any(String))
    })
  }
})

describe('a mutant', () => {
  const mul = subjects.find(({ name }) => name === 'mul')
  if (mul === undefined) throw new Error('mul is a primitive')

  test('is there for each rule, operand and change', () => {
    expect(mutantsOf(mul).map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "mul jvp[0] sign flipped",
        "mul transpose[0] sign flipped",
        "mul jvp[0] times 1.01",
        "mul transpose[0] times 1.01",
        "mul jvp[0] term dropped",
        "mul transpose[0] term dropped",
        "mul jvp[1] sign flipped",
        "mul transpose[1] sign flipped",
        "mul jvp[1] times 1.01",
        "mul transpose[1] times 1.01",
        "mul jvp[1] term dropped",
        "mul transpose[1] term dropped",
        "mul batch[0] wrong axis",
        "mul batch[0] term dropped",
        "mul batch[1] wrong axis",
        "mul batch[1] term dropped",
        "mul batch sign flipped",
        "mul batch times 1.01",
      ]
    `)
  })

  test('is gone afterwards, also where what runs meanwhile throws', () => {
    const before = { ...mul.primitive }
    const [mutant] = mutantsOf(mul)
    if (mutant === undefined) throw new Error('mul has mutants')
    expect(withMutant(mul.primitive, mutant, () => mul.primitive.jvp === before.jvp)).toBe(false)
    const stops = (): never => {
      throw new Error('stop')
    }
    expect(() => withMutant(mul.primitive, mutant, stops)).toThrow('stop')
    expect(mul.primitive).toEqual(before)
  })

  test('that computes the same survives', () => {
    const [subject] = subjects.filter(({ name }) => name === 'argmax')
    const same = { name: 'argmax batch the same', primitive: 'argmax', rule: 'batch', patch: {} } as const
    expect(subject && judged(subject, [same], seed)).toEqual([{ mutant: same, killer: null }])
  })
})

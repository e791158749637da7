/* Laws of what a primitive computes: its shape rule, its evaluation, its decomposition, the program it stands for. */
import {
  allocate,
  checkIR,
  evaluateIR,
  type HostArray,
  makeIR,
  prepareIR,
  printAval,
  printIR,
  sameAval,
  sizeOf,
  type Tensor,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { forAll } from '../check/forAll.js'
import { LawError } from '../laws/lawError.js'
import { jitIsEager } from '../laws/transforms.js'
import { operandsOf, valuesIn } from '../laws/variables.js'
import { oracle } from '../oracle.js'
import type { Case, PrimitiveGenerator } from '../primitives/case.js'
import { closeInF64, functionOf } from './compare.js'
import { decomposesHere } from './facts.js'
import type { RecordLaw } from './law.js'
import { decomposes, isDefined, where } from './reasons.js'

/** Tame, hostile, and on whole numbers. */
const anyCase = ({ tame, hostile, integers = tame }: PrimitiveGenerator): fc.Arbitrary<Case> =>
  fc.oneof(tame, hostile, integers)

const programOf = ({ apply, operands }: Case) => makeIR((xs: readonly Tensor[]) => [...apply(xs)])(operands)

const shapeRule: RecordLaw = {
  name: 'shape rule',
  statement: 'aval(f(x)) = shapeRule(aval(x)), and the results hold as many elements',
  tolerance: 'exact',
  examples: 100,
  about: ['evaluate'],
  on: 'reference',
  applies: where('shape rule'),
  check: ({ generator }, runs) =>
    forAll(
      [anyCase(generator)],
      (c) => {
        const program = programOf(c)
        checkIR(program)
        for (const [i, y] of c.apply(c.operands).entries()) {
          const expected = program.outputs[i]?.aval
          if (expected !== undefined && sameAval(expected, y.aval) && y.data.length === sizeOf(y.shape)) continue
          throw new LawError({
            check: 'shape rule',
            expected: `result ${i} must be ${expected === undefined ? 'absent' : printAval(expected)}.`,
            received: `${printAval(y.aval)} with ${y.data.length} elements`,
          })
        }
      },
      runs,
    ),
}

/** The results of its equations, evaluated into storage that held a number before. */
const evaluatedInto = (c: Case, name: string, value: number): readonly HostArray[] => {
  const program = programOf(c)
  const values = valuesIn(program, [...program.captured, ...c.operands])
  return program.equations
    .filter(({ primitive }) => primitive.name === name)
    .flatMap((equation) => {
      const results = equation.results.map(({ aval }) => ({
        ...aval,
        data: allocate(aval.dtype, sizeOf(aval.shape)).fill(value),
      }))
      equation.primitive.evaluate(operandsOf(equation, values), equation.attrs, results, evaluateIR)
      return results
    })
}

const fillsResults: RecordLaw = {
  name: 'fills its results',
  statement: 'evaluation writes every element of its results: what was there before does not show',
  tolerance: 'exact',
  examples: 50,
  about: ['evaluate'],
  on: 'reference',
  applies: where('fills its results'),
  check: ({ name, generator }, runs) =>
    forAll(
      [generator.tame],
      (c) => {
        const [ones, twos] = [evaluatedInto(c, name, 1), evaluatedInto(c, name, 2)]
        for (const [i, { data }] of ones.entries()) {
          const place = data.findIndex((value, j) => !Object.is(value, twos[i]?.data[j]))
          if (place < 0) continue
          throw new LawError({
            check: 'fills its results',
            expected: `element ${place} of result ${i} must not depend on what the storage held.`,
            received: `${data[place]}, then ${twos[i]?.data[place]}`,
          })
        }
      },
      runs,
    ),
}

const definition: RecordLaw = {
  name: 'definition',
  statement: 'f(x) is what other primitives give: the loop unrolled, the branch taken, the sum over the axis',
  tolerance: '1e-12 of the largest result, in f64: the order of operations differs',
  examples: 100,
  about: ['evaluate', 'batch'],
  on: 'reference',
  applies: where('definition', isDefined),
  check: ({ generator: { tame } }, runs) =>
    forAll(
      [tame],
      ({ apply, definition: expected, operands }) => {
        if (expected === undefined) return
        closeInF64('definition', oracle(expected, operands), oracle(apply, operands), 1e-12)
      },
      runs,
    ),
}

const jitLaw: RecordLaw = {
  name: 'jit is eager',
  statement: 'jit(f)(x) = f(x), at the first call and at the second',
  tolerance: 'to the last bit: the same evaluation',
  examples: 50,
  about: ['evaluate'],
  on: 'reference',
  applies: where('jit is eager'),
  check: ({ generator }, runs) => forAll([anyCase(generator)], (c) => jitIsEager(functionOf(c), c.operands), runs),
}

const decomposition: RecordLaw = {
  name: 'decomposition',
  statement: 'the composition of other primitives that engines use computes the same',
  tolerance: '1e-10 of the largest result, in f64',
  examples: 50,
  about: ['decompose', 'evaluate'],
  on: 'reference',
  applies: where('decomposition', decomposes),
  check: ({ name, generator }, runs) =>
    forAll(
      [generator.tame],
      ({ apply, observe, operands }) => {
        const program = makeIR((xs: readonly Tensor[]) => [...observe(apply(xs))])(operands)
        const parts = prepareIR(program, (primitive) => primitive.name !== name)
        checkIR(parts)
        const left = parts.equations.filter((equation) => equation.primitive.name === name)
        if (left.some(decomposesHere)) {
          throw new LawError({ check: 'decomposition', expected: 'it must not hold itself.', received: printIR(parts) })
        }
        const [whole = [], composed = []] = [program, parts].map((ir) => evaluateIR(ir, operands, { floats: 'f64' }))
        closeInF64('decomposition', whole, composed, 1e-10)
      },
      runs,
    ),
}

export const valueLaws: readonly RecordLaw[] = [shapeRule, fillsResults, definition, jitLaw, decomposition]

/* Cases of primitives that work on whole rows: softmax, logSoftmax, standardize. */
import type { HostTensor, PrimitiveName } from '@cotangent/core'
import * as fc from 'fast-check'
import { shapeArbitrary } from '../arbitraries/shapes.js'
import { distinct, hostileTensor, tensorOf } from '../arbitraries/tensors.js'
import { mixedValue, tameValue } from '../arbitraries/values.js'
import { roundingF32 } from '../compare/floats.js'
import type { Tolerance } from '../compare/tolerance.js'
import { oracle } from '../oracle.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'

const shapes = shapeArbitrary({ minRank: 1, minLength: 1 })
const rowLength = (x: HostTensor): number => x.shape[x.rank - 1] ?? 1

/** The largest |x| of the row an element is in. */
const rowSize = (x: HostTensor) => {
  const width = rowLength(x)
  const sizes = Array.from({ length: x.size / width }, (_, row) =>
    Math.max(...x.data.subarray(row * width, (row + 1) * width).map(Math.abs)),
  )
  return (row: number): number => sizes[row] ?? 0
}

const shares = (x: HostTensor): Tolerance => ({
  reason: '1e-6 + 1e-5 y: an exponential and a sum of positive terms; the shift by the maximum is exact to u max|x|',
  allowed: (y, i) => 1e-6 + y * Math.min(1, 1e-5 + 4 * roundingF32 * rowSize(x)(Math.floor(i / rowLength(x)))),
})

const logShares = (x: HostTensor): Tolerance => ({
  reason: '1e-5 + 8 u max|x|: the shift by the maximum is rounded',
  allowed: (y, i) => 1e-5 + 8 * roundingF32 * Math.max(Math.abs(y), rowSize(x)(Math.floor(i / rowLength(x)))),
})

/** y = (x - mean) r: an error of n u max|x| in x - mean is multiplied by r. Beyond half of y nothing can be asked. */
const standard = (x: HostTensor, eps: number): Tolerance => {
  const width = rowLength(x)
  const size = rowSize(x)
  const [, scales] = oracle(caseOf('standardize', [x], { eps }).apply, [x])
  return {
    reason: '1e-5 max(1, |y|) + n u r max|x|: the mean is rounded, and the difference from it scaled by r',
    allowed: (expected, i, result) => {
      const row = result === 0 ? Math.floor(i / width) : i
      const lost = (width + 2) * roundingF32 * (scales?.data[row] ?? 0) * size(row)
      if (lost > 0.1) return Number.POSITIVE_INFINITY
      return result === 0 ? 1e-5 * Math.max(1, Math.abs(expected)) + 8 * lost : Math.abs(expected) * (1e-5 + 8 * lost)
    },
  }
}

const rowsOf = (value: fc.Arbitrary<number>) => shapes.chain((shape) => hostileTensor(shape, value))

/** Squares must stay within f32: up to 1e15. */
const squarable = fc.oneof(
  { arbitrary: tameValue, weight: 4 },
  { arbitrary: fc.constantFrom(0, -0, 1, -1, Math.fround(1e-30), 1e15, -1e15, 88.7).map(Math.fround), weight: 1 },
)

const simple = (name: 'softmax' | 'logSoftmax', tolerance: (x: HostTensor) => Tolerance): PrimitiveGenerator => {
  const make = (x: HostTensor): Case => caseOf(name, [x], {}, { tolerance: tolerance(x) })
  return {
    tame: shapes.chain((shape) => tensorOf(shape)).map(make),
    hostile: rowsOf(mixedValue).map(make),
    derivative: 'true',
  }
}

const standardized = (tensors: fc.Arbitrary<HostTensor>, eps: fc.Arbitrary<number>): fc.Arbitrary<Case> =>
  fc
    .tuple(tensors, eps)
    .map(([x, small]) => caseOf('standardize', [x], { eps: small }, { tolerance: standard(x, small) }))

/** Some of the largest of a row, up to all. */
const topK = (tensors: fc.Arbitrary<HostTensor>): fc.Arbitrary<Case> =>
  fc.tuple(tensors, fc.nat(100)).map(([x, some]) => caseOf('topKIndices', [x], { k: 1 + (some % rowLength(x)) }))

export const rowGenerators = {
  topKIndices: {
    tame: topK(shapes.chain(distinct)),
    hostile: topK(rowsOf(mixedValue)),
    derivative: 'true',
  },
  softmax: simple('softmax', shares),
  logSoftmax: simple('logSoftmax', logShares),
  standardize: {
    tame: standardized(shapeArbitrary({ minRank: 1, minLength: 2 }).chain(distinct), fc.constantFrom(1e-12, 1e-5, 0.1)),
    hostile: standardized(rowsOf(squarable), fc.constantFrom(1e-12, 1e-5)),
    derivative: 'true',
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

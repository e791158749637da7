/* Cases of collectives, with the vmap around them, and of functions with a forward derivative of their own. */
import {
  add,
  axisIndex,
  broadcastTo,
  cast,
  cos,
  customJvp,
  type HostTensor,
  iota,
  jvp,
  mul,
  type PrimitiveName,
  psum,
  reshape,
  sin,
  sum,
  type Tensor,
  vjp,
  vmap,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { shapeArbitrary } from '../arbitraries/shapes.js'
import { hostileTensor, tensorOf } from '../arbitraries/tensors.js'
import { smallInteger } from '../arbitraries/values.js'
import { absolute, exact, ofMagnitude, type Tolerance } from '../compare/tolerance.js'
import type { ListFunction } from '../oracle.js'
import { type Case, describe, type PrimitiveGenerator } from './case.js'

const shapes = shapeArbitrary({ maxRank: 2 })

const caseOf = (
  primitive: PrimitiveName,
  operands: readonly HostTensor[],
  apply: ListFunction,
  tolerance: Tolerance,
): Case => ({
  primitive,
  operands,
  apply,
  observe: (results) => results,
  tolerance,
  toString: () => describe(primitive, '', operands),
})

// ---------------------------------------------------------------- collectives

/*
 * vmap takes collectives away before other transforms see them, so a derivative around it would not use their rules.
 * Hence these functions say their value without the collective, and their derivative with it, inside of vmap.
 */

const lengthOf = (x: Tensor): number => x.shape[0] ?? 0

const overRows = (x: Tensor): Tensor => psum(x, 'rows')

/** Along dx forwards and backwards: the sum over all examples is its own transpose. */
const bothWays = (dx: Tensor): Tensor => mul(add(jvp(overRows, [dx], [dx])[1], vjp(overRows, dx)[1](dx)[0]), 0.5)

/** y_i = Σ_j x_j + n Σ_j x_j */
const sums = (x: Tensor): Tensor => broadcastTo(mul(sum(x, 0), 1 + lengthOf(x)), x.shape)

const summed = customJvp(sums, ([x], [dx]) => {
  const total = sum(dx, 0) // the same for all examples
  return [sums(x), vmap((row: Tensor) => add(bothWays(row), overRows(total)), { axisName: 'rows' })(dx)]
})

const mappedSum = vmap(overRows, { axisName: 'rows' })

/** y_i = i x_i */
const counts = (x: Tensor): Tensor =>
  mul(x, reshape(cast(iota(lengthOf(x)), x.dtype), [lengthOf(x), ...x.shape.slice(1).map(() => 1)]))

const mappedCounts = vmap((x: Tensor) => mul(x, cast(axisIndex('rows'), x.dtype)), { axisName: 'rows' })

const counted = customJvp(counts, ([x], [dx]) => [counts(x), mappedCounts(dx)])

type Fill = (shape: readonly number[]) => fc.Arbitrary<HostTensor>

const ofRows = (cases: (fill: Fill) => fc.Arbitrary<Case>): PrimitiveGenerator => ({
  tame: cases(tensorOf),
  hostile: cases(hostileTensor),
  integers: cases((shape) => tensorOf(shape, smallInteger, 'i32')),
  derivative: 'true',
})

const rows = fc.integer({ min: 1, max: 4 })

const psumCases = (fill: Fill): fc.Arbitrary<Case> =>
  fc
    .tuple(rows, shapes)
    .chain(([n, shape]) => fill([n, ...shape]))
    .map((operand) => {
      const apply: ListFunction = ([x]) => (x === undefined ? [] : [summed(x), mappedSum(x)])
      return caseOf('psum', [operand], apply, ofMagnitude(lengthOf(operand) + 1, [operand], apply))
    })

const axisIndexCases = (fill: Fill): fc.Arbitrary<Case> =>
  fc
    .tuple(rows, shapes)
    .chain(([n, shape]) => fill([n, ...shape]))
    .map((x) => caseOf('axisIndex', [x], ([y]) => (y === undefined ? [] : [counted(y), mappedCounts(y)]), exact))

// ---------------------------------------------------------------- customJvp

/** x·sin y, with its derivative written out by hand. */
const byHand = customJvp(
  (x: Tensor, y: Tensor) => mul(x, sin(y)),
  ([x, y], [dx, dy]) => [mul(x, sin(y)), add(mul(dx, sin(y)), mul(dy, mul(x, cos(y))))],
)

const custom: fc.Arbitrary<Case> = shapes
  .chain((shape) => fc.tuple(tensorOf(shape), tensorOf(shape)))
  .map((operands) =>
    caseOf(
      'customJvp',
      operands,
      ([x, y]) => (x === undefined || y === undefined ? [] : [byHand(x, y)]),
      absolute(1e-4, 'a sine within 1e-6, times 8'),
    ),
  )

export const customGenerators = {
  psum: ofRows(psumCases),
  axisIndex: ofRows(axisIndexCases),
  customJvp: { tame: custom, hostile: custom, derivative: 'true' },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

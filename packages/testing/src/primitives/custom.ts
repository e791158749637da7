/* Cases of collectives, with the vmap around them, and of functions with a forward derivative of their own. */
import {
  add,
  axisIndex,
  cast,
  cos,
  customJvp,
  type HostTensor,
  mul,
  type PrimitiveName,
  psum,
  sin,
  type Tensor,
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

/** A function of one example, on the rows of a tensor. */
const overRows =
  (f: (x: Tensor) => Tensor): ListFunction =>
  ([x]) =>
    x === undefined ? [] : [vmap(f, { axisName: 'rows' })(x)]

const summed = overRows((x) => psum(x, 'rows'))

const numbered = overRows((x) => mul(x, cast(axisIndex('rows'), x.dtype)))

type Fill = (shape: readonly number[]) => fc.Arbitrary<HostTensor>

const rows = (name: 'psum' | 'axisIndex', apply: ListFunction): PrimitiveGenerator => {
  const cases = (fill: Fill): fc.Arbitrary<Case> =>
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), shapes)
      .chain(([size, shape]) => fill([size, ...shape]))
      .map((x) => caseOf(name, [x], apply, name === 'psum' ? ofMagnitude(x.shape[0] ?? 1, [x], apply) : exact))
  return {
    tame: cases(tensorOf),
    hostile: cases(hostileTensor),
    integers: cases((shape) => tensorOf(shape, smallInteger, 'i32')),
    derivative: 'true',
  }
}

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
  psum: rows('psum', summed),
  axisIndex: rows('axisIndex', numbered),
  customJvp: { tame: custom, hostile: custom, derivative: 'true' },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

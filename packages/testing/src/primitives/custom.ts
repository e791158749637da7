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
  mul,
  type PrimitiveName,
  psum,
  reshape,
  sin,
  sum,
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
import { linearBody, linearPrograms } from './host.js'

const shapes = shapeArbitrary({ maxRank: 2 })

interface Parts extends Pick<Case, 'apply' | 'tolerance'> {
  readonly definition: ListFunction
  readonly example?: ListFunction
}

const caseOf = (primitive: PrimitiveName, operands: readonly HostTensor[], parts: Parts): Case => ({
  primitive,
  operands,
  observe: (results) => results,
  ...parts,
  toString: () => describe(primitive, '', operands),
})

// ---------------------------------------------------------------- collectives

/** A collective on rows; the same by other primitives; and on one example, inside of a vmap with the axis `examples`. */
interface Collective {
  readonly apply: ListFunction
  readonly definition: ListFunction
  readonly example: ListFunction
  readonly tolerance: (x: HostTensor) => Tolerance
}

const one =
  (f: (x: Tensor) => Tensor): ListFunction =>
  ([x]) =>
    x === undefined ? [] : [f(x)]

const overRows = (f: (x: Tensor) => Tensor): ListFunction => one(vmap(f, { axisName: 'rows' }))

const summed: Collective = {
  apply: overRows((x) => psum(x, 'rows')),
  definition: one((x) => broadcastTo(sum(x, 0, { keepDims: true }), x.shape)),
  example: one((x) => mul(psum(mul(x, x), 'examples'), x)),
  tolerance: (x) => ofMagnitude(x.shape[0] ?? 1, [x], summed.apply),
}

const numbered: Collective = {
  apply: overRows((x) => mul(x, cast(axisIndex('rows'), x.dtype))),
  definition: one((x) => {
    const [size = 0, ...others] = x.shape
    return mul(x, reshape(cast(iota(size), x.dtype), [size, ...others.map(() => 1)]))
  }),
  example: one((x) => mul(x, cast(axisIndex('examples'), x.dtype))),
  tolerance: () => exact,
}

type Fill = (shape: readonly number[]) => fc.Arbitrary<HostTensor>

const rows = (name: 'psum' | 'axisIndex', { tolerance, ...functions }: Collective): PrimitiveGenerator => {
  const cases = (fill: Fill): fc.Arbitrary<Case> =>
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), shapes)
      .chain(([size, shape]) => fill([size, ...shape]))
      .map((x) => caseOf(name, [x], { ...functions, tolerance: tolerance(x) }))
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

const pairwise =
  (f: (x: Tensor, y: Tensor) => Tensor): ListFunction =>
  ([x, y]) =>
    x === undefined || y === undefined ? [] : [f(x, y)]

const custom: fc.Arbitrary<Case> = shapes
  .chain((shape) => fc.tuple(tensorOf(shape), tensorOf(shape)))
  .map((operands) =>
    caseOf('customJvp', operands, {
      apply: pairwise(byHand),
      definition: pairwise((x, y) => mul(x, sin(y))),
      tolerance: absolute(1e-4, 'a sine within 1e-6, times 8'),
    }),
  )

const customLinear = customJvp(linearBody, ([x, y], [dx, dy]) => [linearBody(x, y), linearBody(dx, dy)])

export const customGenerators = {
  psum: rows('psum', summed),
  axisIndex: rows('axisIndex', numbered),
  customJvp: {
    tame: custom,
    hostile: custom,
    derivative: 'true',
    linear: linearPrograms('customJvp', customLinear),
    share: 0.5,
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

/* Cases of primitives that move or sum elements: all linear, most of them exact. */
import { type HostTensor, type PrimitiveName, type Shape, sizeOf } from '@cotangent/core'
import * as fc from 'fast-check'
import { axesOf, axisOf, broadcastable, permutationOf, shapeArbitrary } from '../arbitraries/shapes.js'
import { distinct, hostileTensor, indicesOf, tensorOf } from '../arbitraries/tensors.js'
import { wholeValue } from '../arbitraries/values.js'
import { ofMagnitude } from '../compare/tolerance.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'

export type Fill = (shape: Shape) => fc.Arbitrary<HostTensor>

/** The same cases on tame and on hostile tensors. */
export const filled = (
  cases: (fill: Fill) => fc.Arbitrary<Case>,
  tame: Fill = (shape) => tensorOf(shape),
  hostile: Fill = (shape) => hostileTensor(shape),
): PrimitiveGenerator => ({ tame: cases(tame), hostile: cases(hostile), integers: cases(whole), derivative: 'true' })

/** The same on whole numbers. */
const whole: Fill = (shape) => tensorOf(shape, wholeValue, 'i32')

/** Where elements are only moved, they may be truth values too. */
export const moved = (cases: (fill: Fill) => fc.Arbitrary<Case>): PrimitiveGenerator => ({
  ...filled(cases),
  integers: fc.oneof(
    cases(whole),
    cases((shape) => tensorOf(shape, fc.constantFrom(0, 1), 'bool')),
  ),
})

const shapes = shapeArbitrary()
const withAxes = shapeArbitrary({ minRank: 1 })
const withElements = shapeArbitrary({ minRank: 1, minLength: 1 })

/** Other factorisations of a number of elements. */
const reshaped = (shape: Shape): fc.Arbitrary<Shape> => {
  const size = sizeOf(shape)
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((n) => size % n === 0)
  return size === 0
    ? fc.constantFrom<Shape>([0], [3, 0], [0, 1, 2])
    : fc
        .tuple(fc.constantFrom(...divisors), fc.integer({ min: 0, max: 3 }))
        .map(
          ([n, kind]): Shape =>
            kind === 0 ? [size] : kind === 1 ? [n, size / n] : kind === 2 ? [1, n, size / n] : [n, 1, size / n],
        )
}

/** For each axis: some numbers of 0 to 2. */
const margins = (shape: Shape): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 2 }), { minLength: shape.length, maxLength: shape.length })

const slices = (shape: Shape) =>
  fc.tuple(
    ...shape.map((n) =>
      fc.tuple(fc.integer({ min: 0, max: n }), fc.integer({ min: 0, max: n }), fc.integer({ min: 1, max: 3 })),
    ),
  )

const summed = (shape: Shape, axes: readonly number[]): number =>
  axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1)

const indexShapes = shapeArbitrary({ maxRank: 2, maxLength: 3, maxSize: 6 })

export const layoutGenerators = {
  reshape: moved((fill) =>
    shapes
      .chain((shape) => fc.tuple(fill(shape), reshaped(shape)))
      .map(([x, shape]) => caseOf('reshape', [x], { shape })),
  ),
  transpose: moved((fill) =>
    shapes
      .chain((shape) => fc.tuple(fill(shape), permutationOf(shape)))
      .map(([x, permutation]) => caseOf('transpose', [x], { permutation })),
  ),
  broadcastTo: moved((fill) =>
    shapes
      .chain((shape) => fc.tuple(broadcastable(shape).chain(fill), fc.constant(shape)))
      .map(([x, shape]) => caseOf('broadcastTo', [x], { shape })),
  ),
  reduceSum: filled((fill) =>
    withAxes
      .chain((shape) => fc.tuple(fill(shape), axesOf(shape)))
      .map(([x, axes]) => {
        const attrs = { axes }
        const apply = caseOf('reduceSum', [x], attrs).apply
        return caseOf('reduceSum', [x], attrs, { tolerance: ofMagnitude(summed(x.shape, axes), [x], apply) })
      }),
  ),
  reduceMax: filled(
    (fill) =>
      withElements
        .chain((shape) =>
          fc.tuple(
            fill(shape),
            axesOf(shape).filter((axes) => axes.length > 0),
          ),
        )
        .map(([x, axes]) => caseOf('reduceMax', [x], { axes })),
    distinct,
  ),
  argmax: filled(
    (fill) =>
      withElements
        .chain((shape) => fc.tuple(fill(shape), axisOf(shape)))
        .map(([x, axis]) => caseOf('argmax', [x], { axis })),
    distinct,
  ),
  cumsum: filled((fill) =>
    withAxes
      .chain((shape) => fc.tuple(fill(shape), axisOf(shape), fc.boolean()))
      .map(([x, axis, reverse]) => {
        const attrs = { axis, reverse }
        const apply = caseOf('cumsum', [x], attrs).apply
        return caseOf('cumsum', [x], attrs, { tolerance: ofMagnitude(summed(x.shape, [axis]), [x], apply) })
      }),
  ),
  slice: moved((fill) =>
    withAxes
      .chain((shape) => fc.tuple(fill(shape), slices(shape)))
      .map(([x, bounds]) =>
        caseOf('slice', [x], {
          starts: bounds.map(([a, b]) => Math.min(a, b)),
          limits: bounds.map(([a, b]) => Math.max(a, b)),
          strides: bounds.map(([, , step]) => step),
        }),
      ),
  ),
  flip: moved((fill) =>
    withAxes.chain((shape) => fc.tuple(fill(shape), axesOf(shape))).map(([x, axes]) => caseOf('flip', [x], { axes })),
  ),
  pad: filled((fill) =>
    withAxes
      .chain((shape) => fc.tuple(fill(shape), margins(shape), margins(shape), margins(shape)))
      .map(([x, low, high, interior]) => caseOf('pad', [x], { low, high, interior })),
  ),
  concat: moved((fill) =>
    withAxes
      .chain((shape) =>
        fc.tuple(
          fc.constant(shape),
          axisOf(shape),
          fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
        ),
      )
      .chain(([shape, axis, lengths]) =>
        fc.tuple(fc.constant(axis), ...lengths.map((length) => fill(shape.map((n, i) => (i === axis ? length : n))))),
      )
      .map(([axis, ...xs]) => caseOf('concat', xs, { axis })),
  ),
  take: moved((fill) =>
    withElements
      .chain((shape) => fc.tuple(fill(shape), axisOf(shape), indexShapes))
      .chain(([x, axis, shape]) => fc.tuple(fc.constant(x), indicesOf(shape, x.shape[axis] ?? 0), fc.constant(axis)))
      .map(([x, indices, axis]) => caseOf('take', [x, indices], { axis })),
  ),
  scatterAdd: filled((fill) =>
    withElements
      .chain((shape) => fc.tuple(fill(shape), axisOf(shape), indexShapes))
      .chain(([x, axis, shape]) =>
        fc.tuple(
          fc.constant(x),
          indicesOf(shape, x.shape[axis] ?? 0),
          fill([...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)]),
          fc.constant(axis),
        ),
      )
      .map(([x, indices, updates, axis]) => {
        const operands = [x, indices, updates]
        const apply = caseOf('scatterAdd', operands, { axis }).apply
        return caseOf('scatterAdd', operands, { axis }, { tolerance: ofMagnitude(indices.size + 1, operands, apply) })
      }),
  ),
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

/** Role of an axis in a product: in both operands and the result, summed over, or in one operand only. */
type Role = 'batch' | 'contract' | 'left' | 'right'

interface DotAxis {
  readonly role: Role
  readonly length: number
}

const dotAxes: fc.Arbitrary<readonly DotAxis[]> = fc.array(
  fc.record({
    role: fc.constantFrom<Role>('contract', 'left', 'right', 'batch'),
    length: fc.constantFrom(2, 3, 1, 5, 0),
  }),
  { minLength: 0, maxLength: 5 },
)

/** The axes one operand has, in an order of its own, and where each of the paired ones came to lie. */
const arranged = (axes: readonly DotAxis[], mine: Role) =>
  fc.shuffledSubarray(
    axes.flatMap(({ role }, i) => (role === 'batch' || role === 'contract' || role === mine ? [i] : [])),
    { minLength: axes.filter(({ role }) => role === 'batch' || role === 'contract' || role === mine).length },
  )

const dotCases = (fill: Fill): fc.Arbitrary<Case> =>
  dotAxes
    .chain((axes) => fc.tuple(fc.constant(axes), arranged(axes, 'left'), arranged(axes, 'right')))
    .chain(([axes, left, right]) => {
      const shapeOf = (order: readonly number[]): Shape => order.map((i) => axes[i]?.length ?? 1)
      return fc.tuple(fc.constant({ axes, left, right }), fill(shapeOf(left)), fill(shapeOf(right)))
    })
    .map(([{ axes, left, right }, x, y]) => {
      const placed = (role: Role) => {
        const shared = axes.flatMap((axis, i) => (axis.role === role ? [i] : []))
        return [shared.map((i) => left.indexOf(i)), shared.map((i) => right.indexOf(i))] as const
      }
      const attrs = { contract: placed('contract'), batch: placed('batch') }
      const terms = axes.reduce((product, { role, length }) => (role === 'contract' ? product * length : product), 1)
      const apply = caseOf('dotGeneral', [x, y], attrs).apply
      return caseOf('dotGeneral', [x, y], attrs, { tolerance: ofMagnitude(terms, [x, y], apply) })
    })

export const contractionGenerators = {
  dotGeneral: filled(dotCases),
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

/* Cases of primitives that find elements by indices. */
import type { HostTensor, PrimitiveName } from '@cotangent/core'
import * as fc from 'fast-check'
import { axisOf, shapeArbitrary } from '../arbitraries/shapes.js'
import { distinct, indicesOf } from '../arbitraries/tensors.js'
import { ofMagnitude } from '../compare/tolerance.js'
import { caseOf, type PrimitiveGenerator } from './case.js'
import { type Fill, filled, moved } from './layout.js'

const withElements = shapeArbitrary({ minRank: 1, minLength: 1 })

/** A tensor with an axis, and the shape of indices for each of its rows: 0 to 4 of them. */
const rowsOf = (fill: Fill) =>
  withElements
    .chain((shape) => fc.tuple(fill(shape), axisOf(shape), fc.nat(4)))
    .map(([x, axis, many]) => ({ x, axis, shape: x.shape.map((n, i) => (i === axis ? many : n)) }))

const lengthOf = (x: HostTensor, axis: number): number => x.shape[axis] ?? 0

const lastUpdateCases = fc
  .tuple(fc.nat(9), fc.integer({ min: 1, max: 7 }))
  .chain(([many, length]) => fc.tuple(indicesOf([many], length), fc.constant(length)))
  .map(([indices, length]) => caseOf('lastUpdate', [indices], { length }))

const lastUpdates: PrimitiveGenerator = { tame: lastUpdateCases, hostile: lastUpdateCases, derivative: 'true' }

export const indexingGenerators = {
  takeAlongAxis: moved((fill) =>
    rowsOf(fill)
      .chain(({ x, axis, shape }) => fc.tuple(fc.constant(x), indicesOf(shape, lengthOf(x, axis)), fc.constant(axis)))
      .map(([x, indices, axis]) => caseOf('takeAlongAxis', [x, indices], { axis })),
  ),
  scatterAddAlongAxis: filled((fill) =>
    rowsOf(fill)
      .chain(({ x, axis, shape }) =>
        fc.tuple(fc.constant(x), indicesOf(shape, lengthOf(x, axis)), fill(shape), fc.constant(axis)),
      )
      .map(([x, indices, updates, axis]) => {
        const operands = [x, indices, updates]
        const apply = caseOf('scatterAddAlongAxis', operands, { axis }).apply
        const tolerance = ofMagnitude(lengthOf(indices, axis) + 1, operands, apply)
        return caseOf('scatterAddAlongAxis', operands, { axis }, { tolerance })
      }),
  ),
  lastUpdate: lastUpdates,
  argsort: filled(
    (fill) =>
      withElements
        .chain((shape) => fc.tuple(fill(shape), axisOf(shape), fc.boolean()))
        .map(([x, axis, descending]) => caseOf('argsort', [x], { axis, descending })),
    distinct,
  ),
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

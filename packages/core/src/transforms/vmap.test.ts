/* Where the batch axis goes: prefix trees of axes, before and after. Values are the laws' business. */
import { lawRuns, shapeArbitrary, tensorOf, vmapIsLoop } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { cond } from '../control/cond.js'
import { scan } from '../control/scan.js'
import { whileLoop } from '../control/whileLoop.js'
import { add, mul, sub } from '../primitives/arithmetic.js'
import { moveAxis, ones, zeros } from '../primitives/broadcast.js'
import { greater, less } from '../primitives/choice.js'
import { pmean, psum } from '../primitives/collectives.js'
import { matmul } from '../primitives/contraction.js'
import { sum } from '../primitives/reduction.js'
import { stack } from '../primitives/sequence.js'
import { sin } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { checkpoint } from './checkpoint.js'
import { jit } from './jit.js'
import { grad } from './vjp.js'
import { vmap } from './vmap.js'

interface Layer {
  readonly w: Tensor
  readonly b: Tensor
}

interface Model {
  readonly layers: readonly Layer[]
  readonly scale: Tensor
}

const model: Model = {
  layers: [
    { w: ones([2, 3]), b: array([[1, 2, 3]]) },
    { w: ones([4, 3, 1]), b: zeros([4, 1]) },
  ],
  scale: array([1, 10, 100, 1000]),
}

const run = ({ layers, scale }: Model, x: Tensor): Tensor =>
  mul(
    layers.reduce((y, { w, b }) => add(matmul(y, w), b), x),
    scale,
  )

describe('inAxes', () => {
  test('follow the arguments as deep as one likes, and hold for all below where they end', () => {
    const shared = { w: null, b: null }
    const each = vmap(run, { inAxes: [{ layers: [shared, 0], scale: 0 }, null] })
    const y = each(model, ones([1, 2]))
    expect(y.shape).toEqual([4, 1, 1])
    expect(Array.from(y.data)).toEqual([12, 120, 1200, 12000])
    // a key that is left out is not mapped; a list names all of its entries
    const same = vmap(run, { inAxes: [{ layers: [null, 0], scale: 0 }, null] })
    expect(same(model, ones([1, 2])).toArray()).toEqual(y.toArray())
    expect(() => vmap(run, { inAxes: [{ layers: [0] }, null] })(model, ones([1, 2]))).toThrow(
      /inAxes must be a number, null, or follow the structure of the arguments/,
    )
  })
})

describe('outAxes', () => {
  const both = (x: Tensor) => ({ sum: x, parts: [mul(x, 2), scalar(7)] as const })
  const x = array([
    [1, 2, 3],
    [4, 5, 6],
  ])

  test('follow the result', () => {
    const y = vmap(both, { outAxes: { sum: 1, parts: [-1, 0] } })(x)
    expect(y.sum.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ])
    expect(y.parts[0].toArray()).toEqual([
      [2, 8],
      [4, 10],
      [6, 12],
    ])
    expect(y.parts[1].toArray()).toEqual([7, 7])
    expectTypeOf(y).toEqualTypeOf<ReturnType<typeof both>>()
  })

  test('null: the result is one for all; a key left out says so too', () => {
    const y = vmap(both, { outAxes: { sum: 0, parts: [0, null] } })(x)
    expect(y.parts[1].toArray()).toBe(7)
    const shared = vmap((v: Tensor, w: Tensor) => ({ v, twice: mul(w, 2) }), { inAxes: [0, null], outAxes: { v: 0 } })
    expect(shared(x, array([5])).twice.toArray()).toEqual([10])
    // whatever lies between
    const options = { inAxes: [null, 0], outAxes: null, axisName: 'i' }
    expect(vmap((w: Tensor, _: Tensor) => jit((u: Tensor) => sin(u))(w), options)(scalar(0), x).item()).toBe(0)
    const summed = jit(vmap((w: Tensor, v: Tensor) => jit((u: Tensor) => psum(mul(w, sum(u)), 'i'))(v), options))
    expect(summed(scalar(2), x).item()).toBe(42)
    expect(grad(summed)(scalar(2), x).item()).toBe(21)
  })

  test('null is refused where the results differ', () => {
    expect(() => vmap(both, { outAxes: { parts: null, sum: 0 } })(x)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: vmap: a result whose outAxes is null must be the same for all examples.
        received  result.parts[0] f32[3], which depends on mapped arguments
        to do     sum it over the batch with psum or pmean, or say in outAxes where its batch axis goes]
    `)
  })

  test('of another structure are refused', () => {
    expect(() => vmap(both, { outAxes: { sum: 0, part: 1 } })(x)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: vmap: outAxes must be a number, null, or follow the structure of the result.
        received  outAxes {"sum":0,"part":1} for {parts: [*, *], sum: *}
        to do     give one entry per part, or one for all]
    `)
    expect(() => vmap(both, { outAxes: [0, 0] })(x)).toThrow(/follow the structure of the result/)
    expect(() => vmap(both, { outAxes: { sum: 2, parts: 0 } })(x)).toThrow(/an axis must be an integer from -2 to 1/)
  })

  test('any in, any out, nested: the loop', () => {
    fc.assert(
      fc.property(
        shapeArbitrary({ maxRank: 2 }).chain((shape) =>
          fc.tuple(tensorOf([2, 3, ...shape]), fc.nat(shape.length), fc.nat(shape.length)),
        ),
        ([batch, inner, outer]) => {
          const f = vmap((v: Tensor) => sub(v, sum(v)), { inAxes: inner, outAxes: outer })
          const moved = moveAxis(batch, 0, 1 + inner)
          vmapIsLoop(f, [moved], { axes: [0], rtol: 1e-6 })
          const axis = Math.min(outer + 1, batch.rank - 1)
          vmapIsLoop(f, [moved], { axes: [0], outAxis: axis, rtol: 1e-6 })
        },
      ),
      lawRuns(30),
    )
  })
})

describe('axisSize', () => {
  test('says the length where no argument does, and must agree where one does', () => {
    const f = vmap((w: Tensor) => mul(w, 2), { inAxes: null, axisSize: 3 })
    expect(f(scalar(1)).toArray()).toEqual([2, 2, 2])
    expect(vmap((w: Tensor) => w, { axisSize: 2 })(ones([2])).shape).toEqual([2])
    expect(() => vmap((w: Tensor) => w, { axisSize: 3 })(ones([2]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: vmap: at least one argument must be mapped, and all mapped axes must have the same length.
        received  args[0] f32[2] axis 0, axisSize 3
        to do     set inAxes to null for arguments shared by all examples; give axisSize if all are]
    `)
  })
})

describe('axis names within loops and choices', () => {
  const x = array([1, 2, 4])
  const rows = { axisName: 'rows' }

  test('of values that differ, and of those that all share', () => {
    const looped = vmap(
      (v: Tensor) =>
        scan((carry: Tensor, step: Tensor) => [add(carry, psum(mul(v, step), 'rows')), carry], v, array([1, 10]))[0],
      rows,
    )
    expect(looped(x).toArray()).toEqual([78, 79, 81])
    const shared = vmap(
      (w: Tensor, _: Tensor) =>
        scan((carry: Tensor) => [psum(carry, 'rows'), null] as const, w, null, { length: 2 })[0],
      { inAxes: [null, 0], axisName: 'rows' },
    )
    expect(shared(scalar(1), x).toArray()).toEqual([9, 9, 9])
    // what is the same for all comes out as one
    const one = { inAxes: [0, null], axisName: 'rows', outAxes: null }
    const sums = vmap(
      (v: Tensor, w: Tensor) =>
        scan(
          (carry: Tensor, step: Tensor) => [add(carry, step), psum(mul(step, v), 'rows')] as const,
          w,
          array([1, 10]),
        ),
      one,
    )
    expect(sums(x, scalar(5)).map((y) => y.toArray())).toEqual([16, [7, 70]])
    const counted = vmap(
      (v: Tensor, w: Tensor) => [
        whileLoop(
          (n: Tensor) => less(n, 5),
          (n: Tensor) => add(n, psum(v, 'rows')),
          w,
        ),
        cond(
          greater(w, 0),
          (u: Tensor) => psum(u, 'rows'),
          (u: Tensor) => pmean(u, 'rows'),
          v,
        ),
        checkpoint((u: Tensor) => psum(u, 'rows'))(v),
      ],
      one,
    )
    expect(counted(x, scalar(1)).map((y) => y.item())).toEqual([8, 7, 7])
    const chosen = vmap(
      (w: Tensor, v: Tensor) =>
        cond(
          greater(w, 0),
          (u: Tensor) => psum(u, 'rows'),
          (u: Tensor) => pmean(u, 'rows'),
          v,
        ),
      { inAxes: [null, 0], axisName: 'rows' },
    )
    expect(chosen(scalar(1), x).toArray()).toEqual([7, 7, 7])
    expect(chosen(scalar(-1), array([1, 2, 6])).toArray()).toEqual([3, 3, 3])
  })

  test('and their derivatives', () => {
    // v_i + 11 Σ v: each example's gradient is that of the sum over all
    const looped = (v: Tensor): Tensor =>
      scan((carry: Tensor, step: Tensor) => [add(carry, psum(mul(v, step), 'rows')), null], v, array([1, 10]))[0]
    expect(vmap(grad(looped), rows)(x).toArray()).toEqual([34, 34, 34])
    expect(grad((v: Tensor) => sum(vmap(looped, rows)(v)))(x).toArray()).toEqual([34, 34, 34])
  })
})

test('vmap of functions that close over values of other traces', () => {
  const f = (w: Tensor) => sum(vmap((v: Tensor) => mul(v, w))(array([1, 2])))
  expect(grad(f)(scalar(3)).item()).toBe(3)
  const nested = vmap((w: Tensor) => vmap((v: Tensor) => stack([v, w]))(array([1, 2])))
  expect(nested(array([5, 6])).toArray()).toEqual([
    [
      [1, 5],
      [2, 5],
    ],
    [
      [1, 6],
      [2, 6],
    ],
  ])
})

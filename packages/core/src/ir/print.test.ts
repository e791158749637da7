import { describe, expect, test } from 'vitest'
import { add, mul, relu } from '../primitives/arithmetic.js'
import { zeros } from '../primitives/broadcast.js'
import { constant } from '../primitives/constant.js'
import { matmul } from '../primitives/contraction.js'
import { take } from '../primitives/indexing.js'
import { logSoftmax, mean, sum } from '../primitives/reduction.js'
import { slice } from '../primitives/sequence.js'
import { tanh } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { grad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { countFlops } from './flops.js'
import { hashIR } from './hash.js'
import { dropUnused, inlineCalls, shareCommon } from './passes.js'
import { printIR } from './print.js'

const layer = (w: Tensor, b: Tensor, x: Tensor): Tensor => tanh(add(matmul(x, w), b))

describe('printIR', () => {
  test('a layer', () => {
    expect(printIR(makeIR(layer)(zeros([3, 2]), zeros([2]), zeros([4, 3])))).toMatchInlineSnapshot(`
      "{ lambda a:f32[3,2] b:f32[2] c:f32[4,3] .
        let d:f32[4,2] = dotGeneral[contract=((1),(0)) batch=((),())] c a
            e:f32[4,2] = broadcastTo[shape=(4,2)] b
            f:f32[4,2] = add d e
            g:f32[4,2] = tanh f
        in ( g ) }"
    `)
  })

  test('its gradient: no product with a zero, no derivative of what is fixed', () => {
    const x = zeros([4, 3])
    const loss = (w: Tensor) => sum(layer(w, zeros([2]), x))
    expect(printIR(dropUnused(shareCommon(makeIR(grad(loss))(zeros([3, 2])))))).toMatchInlineSnapshot(`
      "{ lambda a:f32[4,3] b:f32[3,2] .
        let c:f32[2] = broadcastTo[shape=(2)] 0:f32
            d:f32[4,2] = dotGeneral[contract=((1),(0)) batch=((),())] a b
            e:f32[4,2] = broadcastTo[shape=(4,2)] c
            f:f32[4,2] = add d e
            g:f32[4,2] = tanh f
            h:f32[4,2] = mul g g
            i:f32[4,2] = broadcastTo[shape=(4,2)] 1:f32
            j:f32[4,2] = sub i h
            k:f32[1,1] = reshape[shape=(1,1)] 1:f32
            l:f32[4,2] = broadcastTo[shape=(4,2)] k
            m:f32[4,2] = mul l j
            n:f32[2,3] = dotGeneral[contract=((0),(0)) batch=((),())] m a
            o:f32[3,2] = transpose[permutation=(1,0)] n
        in ( o ) }"
    `)
  })

  test('under vmap', () => {
    expect(printIR(makeIR(vmap((x: Tensor) => mean(logSoftmax(x))))(zeros([5, 3])))).toMatchInlineSnapshot(`
      "{ lambda a:f32[5,3] .
        let b:f32[5,3] = logSoftmax a
            c:f32[5] = reduceSum[axes=(1)] b
            d:f32[5] = broadcastTo[shape=(5)] 3:f32
            e:f32[5] = div c d
        in ( e ) }"
    `)
  })

  test('attributes, literals, constants, no inputs', () => {
    const f = (x: Tensor) => [
      slice(mul(x, -0), [1], [3], [1]),
      take(relu(x), constant(array([0, 2, 0], 'i32'))),
      constant(array([1, -0])),
    ]
    expect(printIR(makeIR(f)(zeros([4])))).toMatchInlineSnapshot(`
      "{ lambda a:f32[4] .
        let b:f32[4] = broadcastTo[shape=(4)] -0:f32
            c:f32[4] = mul a b
            d:f32[2] = slice[starts=(1) limits=(3) strides=(1)] c
            e:f32[4] = broadcastTo[shape=(4)] 0:f32
            f:bool[4] = lessEqual a e
            g:f32[4] = broadcastTo[shape=(4)] 0:f32
            h:f32[4] = where f g a
            i:i32[3] = constant[values=(0,2,0) shape=(3) dtype=i32]
            j:f32[3] = take[axis=0] h i
            k:f32[2] = constant[values=(1,-0) shape=(2) dtype=f32]
        in ( d j k ) }"
    `)
    expect(printIR(makeIR(() => zeros([2]))())).toMatchInlineSnapshot(`
      "{ lambda  .
        let a:f32[2] = broadcastTo[shape=(2)] 0:f32
        in ( a ) }"
    `)
  })
})

describe('hashIR', () => {
  const hash = (f: (x: Tensor) => Tensor, x: Tensor = zeros([2])): string => hashIR(makeIR(f)(x))

  test('is equal for the same program traced again, and for other values closed over', () => {
    expect(hash((x) => mul(x, 2))).toBe(hash((x) => mul(x, 2)))
    expect(hash((x) => mul(x, array([1, 2])))).toBe(hash((x) => mul(x, array([3, 4]))))
  })

  test('differs by operation, literal (0 and -0 too), shape, dtype and order of operands', () => {
    const hashes = [
      hash((x) => mul(x, 2)),
      hash((x) => mul(x, 3)),
      hash((x) => mul(2, x)),
      hash((x) => add(x, 2)),
      hash((x) => mul(x, 0)),
      hash((x) => mul(x, -0)),
      hash((x) => mul(x, 2), zeros([3])),
      hash((x) => mul(x, 2), zeros([2], 'f64')),
      hash((x) => mul(x, constant(array([0, 1])))),
      hash((x) => mul(x, constant(array([-0, 1])))),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})

test('shareCommon keeps 0 and -0 apart', () => {
  const f = (x: Tensor) => [mul(x, 0), mul(x, -0)]
  expect(shareCommon(makeIR(f)(scalar(1))).equations.length).toBe(2)
})

test('countFlops: two per multiply-add of a product, calls counted', () => {
  const ir = makeIR((x: Tensor, w: Tensor) => matmul(x, w))(zeros([4, 3]), zeros([3, 5]))
  expect(countFlops(ir)).toBe(2 * 4 * 3 * 5)
  expect(countFlops(inlineCalls(ir))).toBe(countFlops(ir))
})

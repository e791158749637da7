/* What programs become: the nodes that are emitted, line by line. */
import {
  add,
  broadcastTo,
  concat,
  dotGeneral,
  einsum,
  gelu,
  grad,
  iota,
  makeIR,
  matmul,
  mul,
  neg,
  prepareIR,
  reshape,
  softmax,
  standardize,
  sub,
  sum,
  type Tensor,
  take,
  transpose,
  zeros,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { lowerProgram } from './lower.js'
import { loweringOf } from './lowering/index.js'
import type { Attribute } from './onnx/model.js'
import { rewrite } from './rewrite/index.js'

const print = (attribute: Attribute): string => String(Object.values(attribute)[0])

const nodesOf = (f: (...xs: Tensor[]) => unknown, ...args: readonly Tensor[]): string => {
  const ir = rewrite(prepareIR(makeIR(f)(...args), ({ name }) => loweringOf(name) !== undefined))
  return lowerProgram(ir)
    .nodes.map(({ op, inputs, outputs, attributes }) => {
      const settings = Object.entries(attributes).map(([name, attribute]) => `${name}=${print(attribute)}`)
      return [`${outputs.join(' ')} = ${op}`, ...inputs.map((name) => name || '-'), ...settings].join(' ')
    })
    .join('\n')
}

/** x [b, s, in] · w [out, in] */
const linear = (x: Tensor, w: Tensor): Tensor => dotGeneral(x, w, { contract: [[2], [1]], batch: [[], []] })

describe('contractions', () => {
  const [x, w] = [zeros([2, 3, 4]), zeros([5, 4])]

  test('a linear layer is one GEMM between free reshapes', () => {
    expect(nodesOf(linear, x, w)).toMatchInlineSnapshot(`
      "t0 = Reshape x0 c0
      t1 = Gemm t0 x1 transB=1
      y0 = Reshape t1 c1"
    `)
  })

  test('and so are its gradients, without a Transpose', () => {
    expect(
      nodesOf((a, b, ct) => grad((p: Tensor) => sum(mul(linear(p, b), ct)))(a), x, w, zeros([2, 3, 5])),
    ).toMatchInlineSnapshot(`
      "t0 = Reshape x2 c0
      t1 = Gemm t0 x1
      y0 = Reshape t1 c1"
    `)
    expect(
      nodesOf((a, b, ct) => grad((p: Tensor) => sum(mul(linear(a, p), ct)))(b), x, w, zeros([2, 3, 5])),
    ).toMatchInlineSnapshot(`
      "t0 = Reshape x2 c0
      t1 = Reshape x0 c1
      y0 = Gemm t0 t1 transA=1"
    `)
  })

  test('bias, residual and a low-rank part are taken in', () => {
    expect(nodesOf((a, b, c) => add(linear(a, b), c), x, w, zeros([5]))).toMatchInlineSnapshot(`
      "t0 = Reshape x0 c0
      t1 = Gemm t0 x1 x2 transB=1
      y0 = Reshape t1 c1"
    `)
    expect(
      nodesOf(
        (a, b, down, up, bias) => add(add(linear(a, b), mul(linear(linear(a, down), up), 2)), bias),
        x,
        w,
        zeros([2, 4]),
        zeros([5, 2]),
        zeros([5]),
      ),
    ).toMatchInlineSnapshot(`
      "t0 = Reshape x0 c0
      t1 = Gemm t0 x2 transB=1
      t3 = Gemm t1 x3 x4 transB=1 alpha=2
      t4 = Gemm t0 x1 t3 transB=1
      y0 = Reshape t4 c2"
    `)
    expect(nodesOf((a, b, c) => sub(c, linear(a, b)), x, w, zeros([2, 3, 5]))).toMatchInlineSnapshot(`
      "t0 = Reshape x0 c0
      t1 = Reshape x2 c1
      t2 = Gemm t0 x1 t1 transB=1 alpha=-1
      y0 = Reshape t2 c2"
    `)
  })

  test('attention moves rows only, and scales within the product', () => {
    const heads = zeros([2, 6, 3, 4])
    expect(nodesOf((q, k) => mul(einsum('bqhd,bkhd->bhqk', q, k), 0.5), heads, heads)).toMatchInlineSnapshot(`
      "t0 = Transpose x0 perm=0,2,1,3
      t1 = Transpose x1 perm=0,2,1,3
      y0 = FusedMatMul t0 t1 transB=1 alpha=0.5"
    `)
    expect(nodesOf((p, v) => einsum('bhqk,bkhd->bqhd', p, v), zeros([2, 3, 6, 6]), heads)).toMatchInlineSnapshot(`
      "t0 = Transpose x1 perm=0,2,1,3
      t1 = MatMul x0 t0
      y0 = Transpose t1 perm=0,2,1,3"
    `)
  })

  test('a transpose before or behind a product costs nothing', () => {
    expect(nodesOf((a, b) => transpose(matmul(transpose(a), b)), zeros([3, 4]), zeros([3, 5]))).toMatchInlineSnapshot(
      `"y0 = Gemm x1 x0 transA=1"`,
    )
  })

  test('a product that is read twice is computed once', () => {
    const twice = (a: Tensor, b: Tensor): Tensor => {
      const y = matmul(a, b)
      return add(mul(y, 2), y)
    }
    expect(nodesOf(twice, zeros([3, 4]), zeros([4, 5]))).toMatchInlineSnapshot(`
      "t0 = Gemm x0 x1
      t1 = Mul t0 c0
      y0 = Add t1 t0"
    `)
  })
})

describe('what costs nothing', () => {
  test('broadcasts stay in the operator', () => {
    expect(nodesOf((a, b) => mul(a, broadcastTo(neg(b), [2, 3])), zeros([2, 3]), zeros([3]))).toMatchInlineSnapshot(`
      "t0 = Neg x1
      y0 = Mul x0 t0"
    `)
    expect(
      nodesOf(
        (a, b) => add(a, reshape(broadcastTo(reshape(b, [1, 1, 3]), [2, 4, 3]), [8, 3])),
        zeros([8, 3]),
        zeros([3]),
      ),
    ).toMatchInlineSnapshot(`
      "t1 = Reshape x1 c1
      y0 = Add x0 t1"
    `)
  })

  test('a sum over a repeated axis is a product', () => {
    expect(nodesOf((a) => sum(broadcastTo(a, [7, 3]), 0), zeros([3]))).toMatchInlineSnapshot(`"y0 = Mul x0 c1"`)
  })

  test('reshapes and transposes that undo each other', () => {
    expect(nodesOf((a) => neg(reshape(reshape(a, [6]), [2, 3])), zeros([2, 3]))).toMatchInlineSnapshot(`"y0 = Neg x0"`)
    expect(nodesOf((a) => transpose(neg(transpose(a))), zeros([2, 3]))).toMatchInlineSnapshot(`"y0 = Neg x0"`)
  })

  test('signs move into sums', () => {
    expect(nodesOf((a, b) => add(a, mul(neg(b), a)), zeros([2]), zeros([2]))).toMatchInlineSnapshot(`
      "t0 = Mul x1 x0
      y0 = Sub x0 t0"
    `)
  })
})

describe('operators of onnxruntime', () => {
  test('softmax, standardize, take', () => {
    expect(nodesOf((x) => softmax(x), zeros([2, 3]))).toMatchInlineSnapshot(`"y0 = Softmax x0 axis=-1"`)
    expect(nodesOf((x) => standardize(x, 1e-5), zeros([2, 3]))).toMatchInlineSnapshot(`
      "t0 = ReduceMean x0 c0
      t1 = Sub x0 t0
      y0 t3 t4 = LayerNormalization t1 c1 axis=-1 epsilon=0.00001"
    `)
    expect(nodesOf((x, i) => take(x, i), zeros([4, 3]), zeros([2], 'i32'))).toMatchInlineSnapshot(`
      "t0 = Less x1 c0
      t1 = Where t0 c1 x1
      y0 = Gather x0 t1 axis=0"
    `)
    expect(nodesOf((x) => take(x, iota(2)), zeros([4, 3]))).toMatchInlineSnapshot(`
      "t0 = Less c0 c1
      t1 = Where t0 c2 c0
      y0 = Gather x0 t1 axis=0"
    `)
  })

  test('gelu alone is one operator; with its derivative the error function is computed once', () => {
    expect(nodesOf((x) => gelu(x), zeros([4]))).toMatchInlineSnapshot(`"y0 = Gelu x0"`)
    const both = nodesOf((x) => [gelu(x), grad((y: Tensor) => sum(gelu(y)))(x)], zeros([4]))
    expect(both.match(/Erf|Gelu/g)).toEqual(['Erf'])
  })

  test('an input that is a result is copied', () => {
    expect(nodesOf((x) => [x, x], zeros([4]))).toMatchInlineSnapshot(`
      "y0 = Identity x0
      y1 = Identity x0"
    `)
    expect(nodesOf((x) => concat([x, x]), zeros([1]))).toMatchInlineSnapshot(`"y0 = Concat x0 x0 axis=0"`)
  })
})

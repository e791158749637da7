/* What becomes one kernel. */
import {
  add,
  array,
  broadcastTo,
  concat,
  div,
  exp,
  gelu,
  grad,
  key,
  less,
  logSoftmax,
  logsumexp,
  makeIR,
  matmul,
  mean,
  mul,
  neg,
  normal,
  prepareIR,
  relu,
  reshape,
  sin,
  softmax,
  sqrt,
  square,
  standardize,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { hasLowering } from '../lowerings/index.js'
import { lowerIR } from '../program/lowerIR.js'
import { maximumParameters } from '../program/value.js'
import { fuse } from './fuse.js'
import { printKernels } from './print.js'

const fused = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A) =>
  fuse(lowerIR(prepareIR(makeIR(f)(...args), hasLowering)))
const printed = <A extends readonly unknown[]>(f: (...args: A) => unknown, ...args: A): string =>
  printKernels(fused(f, ...args))

const draw = (...shape: number[]): Tensor => normal(key(3), shape)
const [x, w, bias] = [draw(64, 96), draw(96, 96), draw(96)]

describe('one kernel', () => {
  test('a chain of elementwise operations with broadcasting', () => {
    expect(printed((a, b) => tanh(add(mul(a, 2), sin(b))), x, bias)).toMatchInlineSnapshot(
      `"k0 6144  mul sin broadcastTo add tanh  of x0, x1"`,
    )
  })

  test('an elementwise tail after a product, with views in between', () => {
    expect(printed((a, b, c) => gelu(add(matmul(a, b), c)), x, w, bias)).toMatchInlineSnapshot(
      `"k0 6144  dotGeneral* broadcastTo add gelu  of x0, x1, x2"`,
    )
    expect(printed((a, b) => neg(reshape(transpose(matmul(a, b)), [-1])), x, w)).toMatchInlineSnapshot(
      `"k0 6144  dotGeneral* transpose neg  of x0, x1"`,
    )
  })

  test('what goes into a sum, and a tail after it', () => {
    expect(printed((a, b) => sqrt(add(mean(square(sub(a, b)), -1), 1e-5)), x, bias)).toMatchInlineSnapshot(
      `"k0 64  broadcastTo sub mul reduceSum* div add sqrt  of x0, x1"`,
    )
  })

  test('two products that are added', () => {
    expect(
      printed((a, b, c, d) => add(matmul(a, b), matmul(c, d)), x, w, draw(64, 8), draw(8, 96)),
    ).toMatchInlineSnapshot(`"k0 6144  dotGeneral* dotGeneral* add  of x0, x1, x2, x3"`)
  })

  test('what is cheap and needed twice, in each kernel that needs it', () => {
    expect(printed((a) => [exp(neg(a)), sin(neg(a))], x)).toMatchInlineSnapshot(`
      "k0 6144  neg exp  of x0
      k1 6144  neg sin  of x0"
    `)
  })
})

describe('at most two kernels', () => {
  test('softmax', () => {
    expect(printed((a) => softmax(a), x)).toMatchInlineSnapshot(`
      "k0 2 x 64  reduceMax* broadcastTo sub exp reduceSum*  of x0
      k1 6144  broadcastTo sub exp broadcastTo div  of x0, k0"
    `)
  })

  test('softmax of masked and of transposed values', () => {
    expect(fused((a) => softmax(where(less(a, 0), a, Number.NEGATIVE_INFINITY)), x).kernels.length).toBeLessThanOrEqual(
      2,
    )
    expect(fused((a) => softmax(transpose(a)), x).kernels.length).toBe(2)
  })

  test('log-softmax and log-sum-exp', () => {
    expect(printed((a) => logsumexp(a, -1), x)).toMatchInlineSnapshot(`
      "k0 64  reduceMax*  of x0
      k1 64  abs equal where broadcastTo sub exp reduceSum* log add  of x0, k0, constant[1]"
    `)
    expect(printed((a) => logSoftmax(a), x)).toMatchInlineSnapshot(`
      "k0 2 x 64  reduceMax* broadcastTo sub exp reduceSum* log  of x0
      k1 6144  broadcastTo sub broadcastTo sub  of x0, k0"
    `)
  })

  test('layer norm', () => {
    expect(printed((a, b) => add(mul(standardize(a, 1e-5), b), b), x, bias)).toMatchInlineSnapshot(`
      "k0 2 x 64  reduceSum* div broadcastTo sub mul reduceSum* div add rsqrt  of x0
      k1 6144  broadcastTo sub broadcastTo mul broadcastTo mul add  of x0, k0, x1"
    `)
  })

  test('the gradient of a layer norm and of a softmax, given what forward had', () => {
    expect(
      printed((a, c) => grad((b: Tensor) => sum(mul(standardize(b, 1e-5), c)))(a), x, draw(64, 96)),
    ).toMatchInlineSnapshot(`
      "k0 3 x 64  reduceSum* div broadcastTo sub mul reduceSum* div add rsqrt broadcastTo mul mul mul neg mul reduceSum* div  of x0, x1
      k1 64  broadcastTo mul mul neg reduceSum* div  of k0, x1
      k2 6144  broadcastTo sub broadcastTo mul mul mul broadcastTo add broadcastTo mul add  of k0, x1, k1, x0"
    `)
    expect(printed((a, c) => grad((b: Tensor) => sum(mul(softmax(b), c)))(a), x, draw(64, 96))).toMatchInlineSnapshot(`
      "k0 3 x 64  reduceMax* broadcastTo sub exp reduceSum* broadcastTo div mul mul neg reduceSum*  of x0, x1
      k1 6144  broadcastTo sub exp broadcastTo div mul mul broadcastTo mul add  of x0, k0, x1"
    `)
  })
})

describe('kernels of their own', () => {
  test('a product that others need, or whose elements are needed often', () => {
    expect(printed((a, b) => matmul(relu(matmul(a, b)), b), x, w)).toMatchInlineSnapshot(`
      "k0 6144  dotGeneral* lessEqual where  of x0, x1
      k1 6144  dotGeneral*  of k0, x1"
    `)
  })

  test('a loop is not put into another loop', () => {
    expect(printed((a, b) => sum(matmul(a, b)), x, w)).toMatchInlineSnapshot(`
      "k0 6144  dotGeneral*  of x0, x1
      k1 1  reduceSum*  of k0"
    `)
  })

  test('results of the program, also where others are computed from them', () => {
    const { kernels, outputs } = fused((a) => [sin(a), exp(sin(a))], x)
    expect(kernels).toHaveLength(2)
    expect(new Set(outputs).size).toBe(2)
  })
})

describe('shared kernels', () => {
  test('small products of one operand', () => {
    const [a, b, c] = [draw(96, 8), draw(96, 8), draw(96, 8)]
    const f = (y: Tensor, p: Tensor, q: Tensor, r: Tensor) => {
      const [u, v, s] = [matmul(y, p), matmul(y, q), matmul(y, r)]
      return matmul(add(mul(u, v), s), transpose(s))
    }
    expect(printed(f, x, a, b, c)).toMatchInlineSnapshot(`
      "k0 2 x 512  dotGeneral* dotGeneral* dotGeneral* mul add  of x0, x3, x1, x2
      k1 4096  transpose dotGeneral*  of k0"
    `)
  })

  test('never the results of a program: each is an array of its own', () => {
    const { kernels } = fused((a, b, c) => [matmul(a, b), matmul(a, c)], x, draw(96, 8), draw(96, 8))
    expect(kernels).toHaveLength(2)
  })
})

test(`no kernel takes more than ${maximumParameters} arrays`, () => {
  const many = Array.from({ length: 20 }, (_, k) => draw(5, k + 1))
  const total = fused((...xs: Tensor[]) => xs.reduce((a, b) => add(mul(a, 2), sum(b))), ...many)
  const joined = fused((...xs: Tensor[]) => tanh(concat(xs, 1)), ...many)
  const chain = fused(
    (...xs: Tensor[]) => xs.reduce((a, b) => mul(add(a, b), div(b, 3))),
    ...Array.from({ length: 20 }, () => x),
  )
  for (const { kernels } of [total, joined, chain]) {
    expect(Math.max(...kernels.map(({ inputs }) => inputs.length))).toBeLessThanOrEqual(maximumParameters)
  }
  expect(chain.kernels.length).toBeLessThanOrEqual(4)
})

test('equal layers share their text', () => {
  const layers = (n: number) => (a: Tensor, b: Tensor) =>
    Array.from({ length: n }).reduce<Tensor>((y) => gelu(matmul(softmax(y), b)), a)
  const texts = (n: number): number => new Set(fused(layers(n), x, w).kernels.map(({ spec }) => spec.source)).size
  expect(texts(12)).toBe(texts(2))
})

test('broadcasting a small result costs no copy of it', () => {
  expect(printed((a) => div(a, broadcastTo(reshape(sum(a, -1), [64, 1]), [64, 96])), x)).toMatchInlineSnapshot(`
    "k0 64  reduceSum*  of x0
    k1 6144  broadcastTo div  of x0, k0"
  `)
})

test('an empty program, and one without work', () => {
  expect(fused((a) => [a], x).kernels).toEqual([])
  expect(fused(() => [array([1, 2])]).kernels).toEqual([])
})

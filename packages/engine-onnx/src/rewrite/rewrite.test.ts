import {
  add,
  broadcastTo,
  checkIR,
  div,
  evaluateIR,
  gelu,
  grad,
  key,
  makeIR,
  matmul,
  mul,
  neg,
  normal,
  prepareIR,
  printIR,
  reshape,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@cotangent/core'
import { describe, expect, test } from 'vitest'
import { rewrite } from './index.js'

const [x, y] = [normal(key(1), [3, 3]), normal(key(2), [3, 3])]

const rewritten = (f: (x: Tensor, y: Tensor) => unknown) => {
  const before = prepareIR(makeIR(f)(x, y), () => true)
  const after = rewrite(before)
  checkIR(after)
  return { before, after }
}

describe('each rewrite gives the same values, bit for bit', () => {
  const programs: Readonly<Record<string, (x: Tensor, y: Tensor) => unknown>> = {
    'two signs': (a) => neg(neg(a)),
    'a sign in a product': (a, b) => add(a, mul(neg(b), a)),
    'two signs in a product': (a, b) => matmul(neg(a), neg(b)),
    'signs in sums': (a, b) => [sub(a, neg(b)), add(neg(a), b), add(neg(a), neg(b)), sub(neg(a), b)],
    'a sign under changes of axes': (a, b) => add(b, broadcastTo(reshape(transpose(neg(a)), [1, 3, 3]), [2, 3, 3])),
    'a sign in a sum over axes': (a, b) => sub(b, sum(mul(neg(a), b))),
    'a sign in a quotient': (a, b) => add(a, div(neg(b), a)),
    'a sign that is a result': (a, b) => [neg(a), mul(neg(a), b)],
    'gelu and its derivative': (a) => [gelu(a), grad((t: Tensor) => sum(gelu(t)))(a)],
  }
  test.each(Object.entries(programs))('%s', (_, f) => {
    const { before, after } = rewritten(f)
    const [wanted, got] = [evaluateIR(before, [x, y]), evaluateIR(after, [x, y])]
    for (const [i, { data }] of wanted.entries()) {
      for (const [j, value] of data.entries()) expect(got[i]?.data[j]).toBeCloseTo(value, 6)
    }
  })
})

test('signs go where they cost nothing', () => {
  const { after } = rewritten((a, b) => add(a, mul(neg(b), a)))
  expect(printIR(after)).toMatchInlineSnapshot(`
    "{ lambda a:f32[3,3] b:f32[3,3] .
      let c:f32[3,3] = mul b a
          d:f32[3,3] = sub a c
      in ( d ) }"
  `)
})

test('a sign on a number stays there, rather than on the tensor it is multiplied with', () => {
  const { after } = rewritten((a, b) => mul(a, broadcastTo(neg(sum(b)), [3, 3])))
  expect(printIR(after)).toMatchInlineSnapshot(`
    "{ lambda a:f32[3,3] b:f32[3,3] .
      let c:f32[] = reduceSum[axes=(0,1)] b
          d:f32[3,3] = broadcastTo[shape=(3,3)] c
          e:f32[3,3] = neg d
          f:f32[3,3] = mul a e
      in ( f ) }"
  `)
})

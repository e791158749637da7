/*
 * The suite that every engine has to pass: each primitive on ordinary and hostile values, its derivatives and vmap,
 * random programs and their gradients. And results do not depend on how many threads share the work.
 */
import {
  cumsum,
  key,
  matmul,
  mean,
  normal,
  randint,
  scatterAdd,
  softmax,
  sum,
  type Tensor,
  zeros,
} from '@cotangent/core'
import { conformance, type ListFunction, repeatsAgree } from '@cotangent/testing'
import { afterAll, describe, test } from 'vitest'
import { onnxEngine } from './engine.js'

const [two, one] = [await onnxEngine({ threads: 2 }), await onnxEngine({ threads: 1 })]
afterAll(() => Promise.all([two.close(), one.close()]))

for (const { name, run } of conformance(two)) test(name, run)

const big = await normal(key(1), [400, 300]).read()
const other = await normal(key(3), [300, 200]).read()
const indices = await randint(key(2), [400], 0, 20).read()

describe('one thread or two, once or five times: the same bits', () => {
  const of =
    (f: (x: Tensor) => Tensor): ListFunction =>
    ([x]) =>
      x === undefined ? [] : [f(x)]

  test.each<readonly [string, ListFunction]>([
    ['sum of all', of((x) => sum(x))],
    ['sum over the first axis', of((x) => sum(x, 0))],
    ['mean over the last axis', of((x) => mean(x, 1))],
    ['softmax', of((x) => softmax(x))],
    ['cumsum', of((x) => cumsum(x, 0))],
    ['matrix product', of((x) => matmul(x, other))],
    ['scatterAdd with duplicates', of((x) => scatterAdd(zeros([20, 300]), indices, x))],
  ])('%s', (_, f) => repeatsAgree([two, one], f, [big]))
})

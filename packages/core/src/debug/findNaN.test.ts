/* NaNs made by hand, and what the search says of them. */
import { describe, expect, test } from 'vitest'
import { cond } from '../control/cond.js'
import { scan } from '../control/scan.js'
import { foriLoop, whileLoop } from '../control/whileLoop.js'
import { add, div, exp, log, mul, sqrt, sub } from '../primitives/arithmetic.js'
import { ones } from '../primitives/broadcast.js'
import { greater, less, where } from '../primitives/choice.js'
import { constant } from '../primitives/constant.js'
import { matmul } from '../primitives/contraction.js'
import { softmax, sum } from '../primitives/reduction.js'
import { sin } from '../primitives/smooth.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { scope } from '../trace/origin.js'
import { checkpoint } from '../transforms/checkpoint.js'
import { customVjp } from '../transforms/customVjp.js'
import { jit } from '../transforms/jit.js'
import { grad, valueAndGrad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { findNaN } from './findNaN.js'
import { explainNaN, type NaNReport } from './nanReport.js'

/** The text, without the numbers of lines, which change with this file. */
const text = (report: NaNReport | null): string =>
  report === null ? 'none' : explainNaN(report).replaceAll(/\.test\.ts:\d+:\d+/g, '.test.ts:_')

describe('forward', () => {
  test('0 · log 0: the product, and the logarithm its infinity is from', () => {
    const report = findNaN((x: Tensor) => sum(mul(log(x), x)))(array([1, 0, 2]))
    expect(report).toMatchObject({
      kind: 'operation',
      found: 'NaN',
      op: 'mul',
      result: { shape: [3], dtype: 'f32' },
      index: [1],
      value: Number.NaN,
      count: 1,
      pass: 'forward',
      derivativeOf: null,
      scopes: [],
      within: [],
    })
    expect(report?.operands.map(({ at, values }) => [at, values])).toEqual([
      [[1], [Number.NEGATIVE_INFINITY]],
      [[1], [0]],
    ])
    expect(report?.operands[0]?.infinity).toMatchObject({ op: 'log', found: 'infinity', index: [1] })
    expect(text(report)).toMatchInlineSnapshot(`
      "NaN in the forward pass: mul at packages/core/src/debug/findNaN.test.ts:_
        result    f32[3], NaN at [1], 1 of 3 elements
        operands  f32[3] at [1]: -Infinity, infinite since log at packages/core/src/debug/findNaN.test.ts:_
                  f32[3] at [1]: 0"
    `)
  })

  test('the line is the one of the call', () => {
    const here = Number(/test\.ts:(\d+)/.exec(new Error().stack ?? '')?.[1])
    const report = findNaN((x: Tensor) => div(x, x))(array([0]))
    expect(report?.source).toMatchObject({
      file: 'packages/core/src/debug/findNaN.test.ts',
      line: here + 1,
      via: ['div'],
    })
  })

  test('0 / 0 in a matrix product’s operand: rows and columns', () => {
    const f = (x: Tensor, w: Tensor) => matmul(div(x, sum(x, 1, { keepDims: true })), w)
    const x = array([
      [1, 1],
      [0, 0],
    ])
    const report = findNaN(f)(x, ones([2, 3]))
    expect(text(report)).toMatchInlineSnapshot(`
      "NaN in the forward pass: div at packages/core/src/debug/findNaN.test.ts:_
        result    f32[2,2], NaN at [1,0], 2 of 4 elements
        operands  f32[2,2] at [1,0]: 0
                  f32[2,2] at [1,0]: 0"
    `)
    expect(
      text(
        findNaN((y: Tensor) => sum(y, 1))(
          array([
            [1, 2],
            [Infinity, -Infinity],
          ]),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "NaN in the forward pass: reduceSum at packages/core/src/debug/findNaN.test.ts:_
        result    f32[2], NaN at [1], 1 of 2 elements
        operands  f32[2,2] at [1,:]: Infinity, -Infinity, infinite since the argument y; its finite elements are from 1 to 2
        through   sum"
    `)
    expect(
      text(
        findNaN((y: Tensor) => sum(y, 0))(
          array([
            [1, Infinity],
            [1, -Infinity],
          ]),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "NaN in the forward pass: reduceSum at packages/core/src/debug/findNaN.test.ts:_
        result    f32[2], NaN at [1], 1 of 2 elements
        operands  f32[2,2] at [:,1]: Infinity, -Infinity, infinite since the argument y; its finite elements are from 1 to 1
        through   sum"
    `)
  })

  test('softmax of a row that is masked whole', () => {
    const f = (x: Tensor, mask: Tensor) => softmax(where(mask, x, Number.NEGATIVE_INFINITY))
    expect(
      text(
        findNaN(f)(
          ones([2, 2]),
          array([
            [true, false],
            [false, false],
          ]),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "NaN in the forward pass: softmax at packages/core/src/debug/findNaN.test.ts:_
        result    f32[2,2], NaN at [1,0], 2 of 4 elements
        operands  f32[2,2] at [1,:]: -Infinity, -Infinity; its finite elements are from 1 to 1"
    `)
  })

  test('an argument, by its path; a value closed over; a number in the code', () => {
    const f = (params: { readonly layers: readonly { readonly query: Tensor }[] }, x: Tensor) =>
      params.layers.reduce((y, { query }) => mul(y, query), x)
    const params = { layers: [{ query: scalar(1) }, { query: scalar(Number.NaN) }] }
    expect(text(findNaN(f)(params, scalar(2)))).toBe(
      'NaN in the argument params.layers[1].query: f32[], NaN, 1 of 1 elements',
    )
    const w = array([1, Number.NaN])
    expect(text(findNaN((x: Tensor) => add(x, w))(array([1, 1])))).toBe(
      'NaN in a value that the function closes over: f32[2], NaN at [1], 1 of 2 elements',
    )
    expect(findNaN((x: Tensor) => mul(x, Number.NaN))(scalar(1))?.op).toBe('mul')
    expect(findNaN((x: Tensor) => mul(x, constant(w)))(ones([2]))?.op).toBe('constant')
  })

  test('nothing where results are finite: not what where() discards, nor what nobody reads', () => {
    const guarded = (x: Tensor) => {
      sqrt(sub(0, add(x, 1)))
      return where(greater(x, 0), log(x), 0)
    }
    expect(findNaN(guarded)(array([-1, 0, 1]))).toBeNull()
  })

  test('the first of several that reach the result', () => {
    const f = (x: Tensor) => {
      const [unread, first, second] = [sqrt(sub(x, 9)), sqrt(sub(x, 2)), div(0, sub(x, 1))]
      return add(where(greater(x, 0), second, unread), first)
    }
    expect(findNaN(f)(array([1]))).toMatchObject({ op: 'sqrt', operands: [{ values: [-1] }] })
  })

  test('infinities where they are asked for; a mask of -∞ is none', () => {
    const f = (x: Tensor) => exp(mul(x, 1000))
    expect(findNaN(f)(array([1]))).toBeNull()
    expect(findNaN(f, { infinity: true })(array([0, 1]))).toMatchObject({ op: 'exp', found: 'infinity', index: [1] })
    const masked = (x: Tensor) => where(less(x, 0), Number.NEGATIVE_INFINITY, x)
    expect(findNaN(masked, { infinity: true })(array([-1, 1]))).toBeNull()
    const both = (x: Tensor) => sub(exp(x), exp(x))
    expect(findNaN(both)(array([100]))?.op).toBe('sub')
    expect(findNaN(both, { infinity: true })(array([100]))?.op).toBe('exp')
  })

  test('in f32, as engines compute', () => {
    const f = (x: Tensor) => sub(mul(x, x), mul(x, x))
    expect(findNaN(f)(array([1e30]))?.op).toBe('sub')
    expect(findNaN(f)(array([1e30], 'f64'))).toBeNull()
  })
})

describe('backward', () => {
  test('the slope of sqrt at 0, times 0', () => {
    const norm = (x: Tensor) => sqrt(sum(mul(x, x)))
    expect(findNaN(norm)(array([0, 0]))).toBeNull()
    const report = findNaN(valueAndGrad(norm))(array([0, 0]))
    expect(report).toMatchObject({ pass: 'backward', op: 'mul', derivativeOf: 'mul' })
    expect(text(report)).toMatchInlineSnapshot(`
      "NaN in the backward pass of mul: mul at packages/core/src/debug/findNaN.test.ts:_
        result    f32[2], NaN at [0], 2 of 2 elements
        operands  f32[2] at [0]: 0
                  f32[2] at [0]: Infinity, infinite since div at packages/core/src/debug/findNaN.test.ts:_"
    `)
  })

  test('where() over a branch that is not taken', () => {
    const f = (x: Tensor) => sum(where(greater(x, 0), sqrt(x), 0))
    const x = array([4, 0])
    expect(findNaN(f)(x)).toBeNull()
    const report = findNaN(grad(f))(x)
    expect(report).toMatchObject({ pass: 'backward', index: [1] })
    expect(report?.source?.via).toEqual(['sqrt'])
  })

  test('a rule of one’s own: its own line', () => {
    const f = customVjp((x: Tensor) => mul(x, 2), {
      forward: (x): [Tensor, Tensor] => [mul(x, 2), x],
      backward: (x, ct) => [div(mul(ct, x), x)],
    })
    const report = findNaN(grad((x: Tensor) => sum(f(x))))(array([1, 0]))
    expect(report).toMatchObject({ op: 'div', pass: 'backward', source: { via: ['div'] } })
  })

  test('the second derivative', () => {
    const cusp = (x: Tensor) => sum(mul(x, sqrt(x)))
    const slope = (x: Tensor) => sum(grad(cusp)(x))
    expect(findNaN(grad(slope))(array([1]))).toBeNull()
    expect(findNaN(grad(slope))(array([0]))).toMatchObject({ pass: 'backward' })
  })

  test('names the scope', () => {
    const loss = (w: Tensor) =>
      add(
        scope('task', () => sum(mul(w, w))),
        scope('penalty', () => scope('norm', () => sqrt(sum(mul(w, w))))),
      )
    expect(findNaN(valueAndGrad(loss))(array([0]))).toMatchObject({ scopes: ['penalty', 'norm'], pass: 'backward' })
  })
})

describe('inside of programs that equations hold', () => {
  const reciprocals = (xs: Tensor) => scan((carry: Tensor, x: Tensor) => [add(carry, div(x, x)), carry], scalar(0), xs)

  test('a scan, at its step', () => {
    const report = findNaN((xs: Tensor) => reciprocals(xs))(array([3, 2, 0, 1]))
    expect(report).toMatchObject({ op: 'div', within: [{ op: 'scan', place: 'step 2' }] })
    expect(text(report)).toMatchInlineSnapshot(`
      "NaN in the forward pass: div at packages/core/src/debug/findNaN.test.ts:_
        result    f32[], NaN, 1 of 1 elements
        operands  f32[]: 0
                  f32[]: 0
        within    scan, step 2 at packages/core/src/debug/findNaN.test.ts:_"
    `)
  })

  test('its backward pass, which runs from the last step', () => {
    const roots = (xs: Tensor) =>
      scan((carry: Tensor, x: Tensor) => [add(carry, sqrt(mul(x, x))), carry], scalar(0), xs)[0]
    expect(findNaN(roots)(array([3, 0, 1]))).toBeNull()
    const report = findNaN(grad(roots))(array([3, 0, 1]))
    expect(report).toMatchObject({ pass: 'backward', within: [{ op: 'scan', place: 'step 1' }] })
  })

  test('a carry that overflows, two steps before', () => {
    const f = (xs: Tensor) =>
      scan((c: Tensor, x: Tensor) => [where(less(x, 0), sub(c, c), mul(c, x)), c], scalar(1e30), xs)[0]
    const report = findNaN(f)(array([1, 1e30, 1, -1]))
    expect(report).toMatchObject({ op: 'sub', within: [{ place: 'step 3' }] })
    expect(report?.operands[0]?.infinity).toMatchObject({ op: 'mul', within: [{ place: 'step 1' }] })
  })

  test('cond, while, jit, checkpoint, and one in the other', () => {
    const bad = (x: Tensor) => div(sub(x, x), sub(x, x))
    const choice = (x: Tensor) => cond(greater(x, 0), bad, sin, x)
    expect(findNaN(choice)(scalar(1))).toMatchObject({ op: 'div', within: [{ op: 'cond' }] })
    expect(findNaN(choice)(scalar(-1))).toBeNull()

    const wrong = (x: Tensor) =>
      whileLoop(
        (c: Tensor) => less(c, 3),
        (c: Tensor) => add(c, mul(1, log(c))),
        x,
      )
    expect(findNaN(wrong, { infinity: true })(scalar(0))).toMatchObject({
      op: 'log',
      within: [{ op: 'while', place: 'step 0' }],
    })

    const nested = (x: Tensor) => jit((y: Tensor) => foriLoop(0, 3, (_, c: Tensor) => checkpoint(choice)(c), y))(x)
    expect(findNaN(nested)(scalar(2))?.within.map(({ op }) => op)).toEqual(['call', 'scan', 'checkpoint', 'cond'])
  })

  test('what a checkpoint computes again is found in the pass in which it is', () => {
    const report = findNaN(grad((x: Tensor) => sum(checkpoint((y: Tensor) => sqrt(mul(y, y)))(x))))(array([0]))
    expect(report).toMatchObject({ pass: 'backward', scopes: [] })
  })

  test('under vmap', () => {
    expect(findNaN(vmap((x: Tensor) => div(x, x)))(array([1, 0]))).toMatchObject({ op: 'div', index: [1] })
  })
})

test('static arguments are taken as they are', () => {
  const f = (x: Tensor, mode: string) => (mode === 'bad' ? div(x, x) : x)
  expect(findNaN(f, { static: [1] })(scalar(0), 'bad')?.op).toBe('div')
  expect(findNaN(f, { static: [1] })(scalar(0), 'good')).toBeNull()
})

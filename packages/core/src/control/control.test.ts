import { checkGrads, derivativeIsRight, vmapIsLoop } from '@cotangent/testing'
import { describe, expect, test } from 'vitest'
import { compile } from '../compile/compile.js'
import { prepareIR } from '../compile/prepare.js'
import { MissingRuleError, ShapeError, TreeMismatchError } from '../errors.js'
import { checkIR } from '../ir/check.js'
import type { IR } from '../ir/ir.js'
import { add, div, mul, sub } from '../primitives/arithmetic.js'
import { cast, greater, less } from '../primitives/choice.js'
import { matmul } from '../primitives/contraction.js'
import { sum } from '../primitives/reduction.js'
import { stack } from '../primitives/sequence.js'
import { sin, tanh } from '../primitives/smooth.js'
import { referenceEngine } from '../reference/engine.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { checkpoint } from '../transforms/checkpoint.js'
import { jit } from '../transforms/jit.js'
import { jvp } from '../transforms/jvp.js'
import { grad, valueAndGrad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { cond, switchCase } from './cond.js'
import { map, scan } from './scan.js'
import { foriLoop, whileLoop } from './whileLoop.js'

const namesIn = (ir: IR): readonly string[] =>
  ir.equations.flatMap(({ primitive, attrs }) => [
    primitive.name,
    ...(primitive.properties.programs?.of(attrs) ?? []).flatMap(namesIn),
  ])

/** A recurrent network: xs [steps, width], w [width, width]. */
const recurrent = (w: Tensor, xs: Tensor): Tensor => {
  const [last, states] = scan(
    (h: Tensor, x: Tensor) => {
      const next = tanh(add(matmul(h, w), x))
      return [next, next] as const
    },
    array([0.1, -0.2]),
    xs,
  )
  return add(sum(mul(states, states)), sum(last))
}

/** The same, step by step. */
const unrolled = (w: Tensor, xs: Tensor): Tensor => {
  const rows = [0, 1, 2].map((i) => matmul(array([0, 1, 2].map((j) => (i === j ? 1 : 0))), xs))
  let [h, total] = [array([0.1, -0.2]) as Tensor, scalar(0) as Tensor]
  for (const x of rows) {
    h = tanh(add(matmul(h, w), x))
    total = add(total, sum(mul(h, h)))
  }
  return add(total, sum(h))
}

const w = array([
  [0.5, -0.3],
  [0.8, 0.2],
])
const xs = array([
  [1, 2],
  [-0.5, 0.4],
  [0.3, -1],
])

const near = (x: Tensor, y: Tensor, tolerance = 1e-6): void => {
  expect(x.shape).toEqual(y.shape)
  for (const [i, value] of x.data.entries()) expect(Math.abs(value - (y.data[i] ?? Number.NaN))).toBeLessThan(tolerance)
}

describe('scan', () => {
  test('has the value and the gradient of the loop written out', () => {
    const [value, slope] = valueAndGrad(recurrent)(w, xs)
    const [expected, expectedSlope] = valueAndGrad(unrolled)(w, xs)
    near(value, expected)
    near(slope, expectedSlope)
    near(grad(recurrent, { argument: 1 })(w, xs), grad(unrolled, { argument: 1 })(w, xs))
  })

  test('stays one equation, forwards and backwards', () => {
    const program = prepareIR(makeIR(grad(recurrent))(w, xs), () => true)
    checkIR(program)
    expect(program.equations.filter(({ primitive }) => primitive.name === 'scan')).toHaveLength(2)
  })

  test('keeps for the backward pass what changes from step to step only', () => {
    const program = prepareIR(makeIR(grad(recurrent))(w, xs), () => true)
    // the weights go into both loops as constants: no residual is [3, 2, 2]
    const shapes = program.equations.flatMap(({ results }) => results.map((v) => v.aval.shape.join()))
    expect(shapes).not.toContain('3,2,2')
  })

  test('takes and gives pytrees, without xs too, in reverse', () => {
    const [{ n }, { doubled }] = scan(
      (carry: { n: Tensor }, x: { a: Tensor }) =>
        [{ n: add(carry.n, x.a) }, { doubled: add(mul(carry.n, 2), x.a) }] as const,
      { n: scalar(0) },
      { a: array([1, 2, 3]) },
      { reverse: true },
    ) as unknown as readonly [{ n: Tensor }, { doubled: Tensor }]
    expect(n.item()).toBe(6)
    expect(doubled.toArray()).toEqual([11, 8, 3])
    const [count] = scan((c: Tensor, _: null) => [add(c, 1), null] as const, scalar(0, 'i32'), null, { length: 4 })
    expect(count.item()).toBe(4)
  })

  test('of no steps gives the first carry and empty ys', () => {
    const [carry, ys] = scan((c: Tensor, x: Tensor) => [add(c, x), x] as const, scalar(5), array([]))
    expect(carry.item()).toBe(5)
    expect(ys.shape).toEqual([0])
  })

  test('third derivatives, by differences', () => {
    const cubic = (x: Tensor): Tensor => foriLoop(0, 3, (_, a: Tensor) => mul(sin(a), x), x)
    const third = grad(grad(grad(cubic)))
    checkGrads(grad(grad(cubic)), [scalar(0.7)])
    expect(Number.isFinite(third(scalar(0.7)).item())).toBe(true)
  })

  test('vmap of grad of scan is the loop over grads', () => {
    vmapIsLoop(grad(recurrent), [stack([w, mul(w, 0.5), mul(w, -1)]), stack([xs, mul(xs, 2), xs])], { rtol: 1e-6 })
    vmapIsLoop(grad(recurrent), [stack([w, mul(w, 0.5)]), xs], { axes: [0, null], rtol: 1e-6 })
  })

  test('grad of vmap of scan, and vmap over the carry alone', () => {
    const batched = (a: Tensor): Tensor =>
      sum(vmap((h: Tensor) => scan((c: Tensor, x: Tensor) => [tanh(mul(c, x)), c] as const, h, xs)[1])(a))
    checkGrads(batched, [
      array([
        [0.1, 0.2],
        [0.5, -1],
      ]),
    ])
  })

  test('refuses a carry that changes, xs of different lengths, and a body without a pair', () => {
    expect(() => scan((c: Tensor, x: Tensor) => [stack([c, x]), x] as const, scalar(0), xs)).toThrow(ShapeError)
    expect(() => scan((c: Tensor, _: null) => [cast(c, 'i32'), null] as const, scalar(0), null, { length: 2 })).toThrow(
      'the carry that the body returns i32[]',
    )
    expect(() =>
      scan((c: Tensor, _: readonly Tensor[]) => [c, null] as const, scalar(0), [array([1, 2]), array([1])]),
    ).toThrow('xs[0] f32[2], xs[1] f32[1]')
    expect(() => scan((c: Tensor) => c as never, scalar(0), xs)).toThrow(TreeMismatchError)
    expect(() => scan((c: Tensor, _: null) => [c, null] as const, scalar(0), null)).toThrow('no xs and no length')
  })
})

describe('cond and switchCase', () => {
  const piece = (x: Tensor): Tensor =>
    cond(
      greater(x, 0),
      (y: Tensor) => mul(y, y),
      (y: Tensor) => mul(sin(y), 3),
      x,
    )

  test('take the branch and its derivative', () => {
    expect(piece(scalar(2)).item()).toBe(4)
    expect(grad(piece)(scalar(2)).item()).toBe(4)
    expect(grad(piece)(scalar(-1)).item()).toBeCloseTo(3 * Math.cos(1), 6)
    expect(grad(grad(piece))(scalar(2)).item()).toBe(2)
  })

  test('evaluate one branch only', () => {
    const risky = (x: Tensor): Tensor =>
      cond(
        greater(x, 0),
        (y: Tensor) => div(1, y),
        (y: Tensor) => y,
        x,
      )
    expect(grad(risky)(scalar(0)).item()).toBe(1)
    expect(
      switchCase(
        2,
        [0, 1, 2].map((k) => (x: Tensor) => mul(x, k)),
        scalar(5),
      ).item(),
    ).toBe(10)
  })

  test('an index outside is the nearest branch', () => {
    const branches = [0, 1, 2].map((k) => (x: Tensor) => mul(x, k))
    expect([-7, 9].map((i) => switchCase(i, branches, scalar(5)).item())).toEqual([0, 10])
    expect(vmap((i: Tensor) => switchCase(i, branches, scalar(5)))(array([-7, 1, 9], 'i32')).toArray()).toEqual([
      0, 5, 10,
    ])
  })

  test('under vmap each example takes its own', () => {
    vmapIsLoop(piece, [array([-2, -0.5, 0, 1, 3])])
    vmapIsLoop(grad(piece), [array([-2, -0.5, 0, 1, 3])])
  })

  test('cond in scan, its gradient, and jit of it', () => {
    const walk = (x: Tensor): Tensor =>
      scan(
        (c: Tensor, i: Tensor) =>
          [
            cond(
              less(i, 2),
              (a: Tensor) => tanh(add(a, x)),
              (a: Tensor) => mul(sin(a), x),
              c,
            ),
            null,
          ] as const,
        x,
        array([0, 1, 2, 3], 'i32'),
      )[0]
    derivativeIsRight(walk, [scalar(0.4)], { order: 2 })
    expect(jit(grad(walk))(scalar(0.4)).item()).toBe(grad(walk)(scalar(0.4)).item())
    vmapIsLoop(grad(walk), [array([0.4, -1, 2])], { rtol: 1e-6 })
  })

  test('refuse branches that differ, and a predicate that is no bool', () => {
    expect(() =>
      cond(
        greater(scalar(1), 0),
        () => scalar(1),
        () => scalar(1, 'i32'),
      ),
    ).toThrow("onFalse's result i32[], onTrue's result f32[]")
    expect(() =>
      cond(
        scalar(1),
        () => scalar(1),
        () => scalar(2),
      ),
    ).toThrow('the predicate must be a bool scalar')
    expect(() => switchCase(0, [])).toThrow('at least one branch')
  })
})

describe('whileLoop and foriLoop', () => {
  /** Newton's method for the square root: its derivative is 1 / (2 √x). */
  const root = (x: Tensor): Tensor =>
    whileLoop(
      ([y]: readonly [Tensor, Tensor]) => greater(mul(sub(mul(y, y), x), sub(mul(y, y), x)), 1e-10),
      ([y, n]) => [mul(add(y, div(x, y)), 0.5), add(n, 1)] as const,
      [x, scalar(0, 'i32')] as const,
    )[0]

  test('run until the test fails, with a derivative forwards', () => {
    expect(root(scalar(2)).item()).toBeCloseTo(Math.SQRT2, 5)
    expect(jvp(root, [scalar(2)], [scalar(1)])[1].item()).toBeCloseTo(1 / (2 * Math.SQRT2), 4)
  })

  test('refuse a derivative backwards, and say what to use', () => {
    expect(() => grad(root)(scalar(2))).toThrow(MissingRuleError)
    expect(() => grad(root)(scalar(2))).toThrow('use scan, or foriLoop with whole numbers as bounds')
  })

  test('under vmap each example stops by itself', () => {
    vmapIsLoop(root, [array([2, 9, 100, 0.5])])
    const counts = vmap((n: Tensor) =>
      whileLoop(
        ([i]: readonly [Tensor, Tensor]) => less(i, n),
        ([i, total]) => [add(i, 1), add(total, i)] as const,
        [scalar(0, 'i32'), scalar(0, 'i32')] as const,
      ),
    )(array([0, 3, 5], 'i32'))
    expect(counts.map((x) => x.toArray())).toEqual([
      [0, 3, 5],
      [0, 3, 10],
    ])
  })

  test('foriLoop counts from lower to upper; tensors as bounds make it a while', () => {
    const sumTo = (lower: number | Tensor, upper: number | Tensor): Tensor =>
      foriLoop(lower, upper, (i, total: Tensor) => add(total, i), scalar(0, 'i32'))
    expect(sumTo(2, 5).item()).toBe(9)
    expect(sumTo(5, 2).item()).toBe(0)
    expect(sumTo(2, scalar(5, 'i32')).item()).toBe(9)
    expect(namesIn(makeIR(() => sumTo(0, 9))())).toContain('scan')
    expect(namesIn(makeIR((n: Tensor) => sumTo(0, n))(scalar(9, 'i32')))).toContain('while')
  })
})

test('map is vmap, one step at a time', () => {
  const f = (x: Tensor): Tensor => sum(mul(sin(x), x))
  near(map(f, xs), vmap(f)(xs))
  near(grad((y: Tensor) => sum(map(f, y)))(xs), grad((y: Tensor) => sum(vmap(f)(y)))(xs))
})

describe('nested', () => {
  const deep = (x: Tensor): Tensor =>
    sum(
      vmap(
        (row: Tensor) =>
          scan(
            (c: Tensor, y: Tensor) =>
              [
                checkpoint((a: Tensor, b: Tensor) =>
                  cond(
                    greater(sum(b), 0),
                    (p: Tensor, q: Tensor) => tanh(add(p, q)),
                    (p: Tensor, q: Tensor) => mul(sin(p), q),
                    a,
                    b,
                  ),
                )(c, y),
                c,
              ] as const,
            scalar(0.3),
            row,
          )[0],
      )(x),
    )
  const x = array([
    [0.5, -0.2, 0.9],
    [-1, 2, 0.1],
  ])

  test('vmap of scan of checkpoint of cond: derivatives to second order', () => {
    derivativeIsRight(deep, [x], { order: 2 })
  })

  test('jit of all of it traces once per signature, and agrees', () => {
    let traces = 0
    const counted = jit((y: Tensor) => {
      traces += 1
      return deep(y)
    })
    const slope = grad(counted)
    near(slope(x), grad(deep)(x))
    slope(mul(x, 2))
    counted(x)
    expect(traces).toBe(1)
    counted(stack([...[0, 1].map(() => array([1, 2, 3]))]))
    expect(traces).toBe(1)
    counted(array([[1, 2]]))
    expect(traces).toBe(2)
  })

  test('compiled, it is one program, traced once', async () => {
    let traces = 0
    const step = compile((y: Tensor) => {
      traces += 1
      return valueAndGrad(deep)(y)
    }, referenceEngine())
    const [value, slope] = await step(x)
    await step(mul(x, 0.5))
    expect(traces).toBe(1)
    near(value, deep(x))
    near(slope, grad(deep)(x))
  })
})

import { checkGrads, lawRuns, oracle, shapeArbitrary, tensorOf, widened } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { AxisError } from '../errors.js'
import { array, HostTensor, scalar, type Tensor } from '../tensor.js'
import { evalIR, makeIR } from '../trace/makeIR.js'
import { checkpoint } from '../transforms/checkpoint.js'
import { customVjp } from '../transforms/customVjp.js'
import { hessian } from '../transforms/hessian.js'
import { jit } from '../transforms/jit.js'
import { jvp } from '../transforms/jvp.js'
import { grad, vjp } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { add, div, exp, mul, rsqrt, square, sub } from './arithmetic.js'
import { broadcastTo, expandDims, zeros } from './broadcast.js'
import { cast } from './choice.js'
import { axisIndex, axisSize, pmean, psum } from './collectives.js'
import { take } from './indexing.js'
import { mean, sum } from './reduction.js'
import { iota } from './sequence.js'
import { sin, tanh } from './smooth.js'

const numbers = (x: Tensor): readonly number[] => Array.from(x.data)

const x = array([
  [1, 2],
  [3, 5],
  [-4, 0.5],
])

const rows = { axisName: 'rows' }

describe('psum and pmean', () => {
  test('give each example the sum, and the mean, over all', () => {
    expect(vmap((row: Tensor) => psum(row, 'rows'), rows)(x).toArray()).toEqual([
      [0, 7.5],
      [0, 7.5],
      [0, 7.5],
    ])
    expect(vmap((row: Tensor) => pmean(sum(row), 'rows'), rows)(x).toArray()).toEqual([2.5, 2.5, 2.5])
  })

  test('are the same for all examples, and may come out as one', () => {
    const options = { axisName: 'rows', outAxes: null }
    expect(vmap((row: Tensor) => psum(row, 'rows'), options)(x).toArray()).toEqual([0, 7.5])
    // through whatever is done to it afterwards
    const centred = vmap((row: Tensor) => exp(pmean(mul(row, row), 'rows')), options)(x)
    expect(centred.shape).toEqual([2])
  })

  test('of a value that all examples share count it once for each', () => {
    const f = vmap((w: Tensor, _: Tensor) => [psum(w, 'rows'), pmean(w, 'rows')], {
      inAxes: [null, 0],
      axisName: 'rows',
      outAxes: null,
    })
    expect(f(scalar(2), x).map((y) => y.item())).toEqual([6, 2])
    // a constant, inside of jit as well
    const constant = vmap((_: Tensor) => jit(() => psum(array([1, 2]), 'rows'))(), { axisName: 'rows', outAxes: null })
    expect(constant(x).toArray()).toEqual([3, 6])
  })

  test('take pytrees, numbers, whole numbers, and several axes', () => {
    const tree = vmap((row: Tensor) => psum({ a: row, b: [sum(row)] }, 'rows'), { axisName: 'rows', outAxes: null })(x)
    expect([tree.a.toArray(), tree.b.map((y) => y.toArray())]).toEqual([[0, 7.5], [7.5]])
    expect(vmap((_: Tensor) => psum(1, 'rows'), { axisName: 'rows', outAxes: null })(x).item()).toBe(3)
    const whole = array([1, 2, 4], 'i32')
    const total = vmap((i: Tensor) => psum(i, 'rows'), rows)(whole)
    expect([total.dtype, total.toArray()]).toEqual(['i32', [7, 7, 7]])
    const both = vmap(
      vmap((v: Tensor) => psum(v, ['rows', 'columns']), { axisName: 'columns', outAxes: null }),
      {
        axisName: 'rows',
        outAxes: null,
      },
    )
    expect(both(x).item()).toBe(7.5)
    expectTypeOf(psum<{ readonly a: Tensor }>).returns.toEqualTypeOf<{ readonly a: Tensor }>()
    expectTypeOf(psum<number>).returns.toEqualTypeOf<Tensor>()
  })

  test('refuse dtypes that have no sum, or no mean', () => {
    expect(() => vmap((b: Tensor) => psum(b, 'rows'), rows)(array([true]))).toThrow(/psum: x must have a numeric dtype/)
    expect(() => vmap((i: Tensor) => pmean(i, 'rows'), rows)(array([1], 'i32'))).toThrow(
      /pmean: x must have a floating dtype/,
    )
  })
})

describe('axisIndex and axisSize', () => {
  test('are the place in the batch, and its length', () => {
    expect(vmap((_: Tensor) => axisIndex('rows'), rows)(x).toArray()).toEqual([0, 1, 2])
    expect(vmap((_: Tensor) => zeros([axisSize('rows')]), rows)(x).shape).toEqual([3, 3])
    // each example takes its own row of what all share
    const own = vmap((_: Tensor) => take(x, axisIndex('rows')), rows)
    expect(own(zeros([3])).toArray()).toEqual(x.toArray())
  })

  test('of a batch that no argument has', () => {
    expect(vmap(() => axisIndex('i'), { axisName: 'i', axisSize: 4 })().toArray()).toEqual([0, 1, 2, 3])
    expect(vmap((w: Tensor) => mul(w, 2), { inAxes: null, axisSize: 2 })(scalar(3)).toArray()).toEqual([6, 6])
  })
})

describe('names', () => {
  test('nest: each collective finds the axis it names', () => {
    const f = (v: Tensor): Tensor =>
      sub(add(psum(v, 'rows'), mul(psum(v, 'columns'), 10)), mul(cast(axisIndex('rows'), 'f32'), 100))
    const g = vmap(vmap(f, { axisName: 'columns' }), { axisName: 'rows' })
    // column sums are 0 and 7.5, row sums 3, 8 and -3.5
    expect(g(x).toArray()).toEqual([
      [30, 37.5],
      [-20, -12.5],
      [-235, -227.5],
    ])
    // the other way round: the inner axis is that of the rows
    const h = vmap(vmap(f, { axisName: 'rows' }), { inAxes: 1, outAxes: 1, axisName: 'columns' })
    expect(h(x).toArray()).toEqual(g(x).toArray())
  })

  test('of an inner vmap hide those of an outer one', () => {
    const f = vmap((row: Tensor) => vmap((v: Tensor) => psum(v, 'a'), { axisName: 'a', outAxes: null })(row), {
      axisName: 'a',
    })
    expect(f(x).toArray()).toEqual([3, 8, -3.5])
  })

  test('reach into jit, which is traced again for each scope', () => {
    let traces = 0
    const share = jit((v: Tensor) => {
      traces++
      return div(v, psum(v, 'i'))
    })
    const each = vmap(share, { axisName: 'i' })
    expect(each(array([1, 3])).toArray()).toEqual([0.25, 0.75])
    each(array([2, 2]))
    expect(traces).toBe(1)
    expect(each(array([1, 1, 2])).toArray()).toEqual([0.25, 0.25, 0.5])
    expect(traces).toBe(2)
    vmap(vmap(share, { axisName: 'i' }), { axisName: 'j' })(x)
    expect(traces).toBe(3)
    expect(() => share(scalar(1))).toThrow(AxisError)
  })

  test('that are not in scope are refused, with those that are', () => {
    expect(() => psum(x, 'rows')).toThrowErrorMatchingInlineSnapshot(`
      [AxisError: psum: the axis must be one that a vmap around the call has given a name.
        received  axis 'rows'; in scope: none
        to do     map the function with vmap(f, { axisName: 'rows' })]
    `)
    const inner = vmap((v: Tensor) => axisIndex('batch') && v, { axisName: 'columns' })
    expect(() => vmap(inner, { axisName: 'rows' })(x)).toThrowErrorMatchingInlineSnapshot(`
      [AxisError: axisIndex: the axis must be one that a vmap around the call has given a name.
        received  axis 'batch'; in scope: 'rows' of length 3, 'columns' of length 2
        to do     map the function with vmap(f, { axisName: 'batch' })]
    `)
    expect(() => axisSize('i')).toThrow(AxisError)
    expect(() => pmean(x, 'i')).toThrow(AxisError)
    // a vmap that has ended, or failed, leaves none
    expect(() => vmap(() => psum(x, 'j'), { axisName: 'i', axisSize: 1 })()).toThrow(/in scope: 'i' of length 1/)
    expect(() => psum(x, 'i')).toThrow(/in scope: none/)
  })

  test("the error has the caller's frame first", () => {
    for (const call of [() => psum(x, 'i'), () => axisIndex('i'), () => axisSize('i')]) {
      const stack = caught(call).stack ?? ''
      expect(stack.split('\n').find((line) => line.startsWith('    at '))).toContain('collectives.test.ts')
    }
  })

  test('a program that is taken out of its vmap cannot run', () => {
    let program = makeIR((v: Tensor) => v)(scalar(1))
    vmap(
      (v: Tensor) => {
        program = makeIR((w: Tensor) => psum(w, 'rows'))(scalar(1))
        return v
      },
      { axisName: 'rows' },
    )(x)
    expect(() => evalIR(program, [scalar(1)])).toThrow(AxisError)
  })
})

const caught = (run: () => unknown): Error => {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

// ---------------------------------------------------------------- derivatives

/** What each example gets back: its own value, the sum and the mean of all, not linearly. */
const coupled = (v: Tensor): Tensor =>
  sum(mul(sin(psum(v, 'rows')), add(square(v), tanh(mul(pmean(mul(v, v), 'rows'), cast(axisIndex('rows'), v.dtype))))))

/** The same on the whole batch, without collectives. */
const written = (batch: Tensor): Tensor => {
  const n = batch.shape[0] ?? 1
  const all = (y: Tensor): Tensor => broadcastTo(expandDims(y, 0), batch.shape)
  const places = broadcastTo(expandDims(cast(iota(n), batch.dtype), 1), batch.shape)
  const means = all(mean(mul(batch, batch), 0))
  return sum(mul(sin(all(sum(batch, 0))), add(square(batch), tanh(mul(means, places)))), 1)
}

const mapped = vmap(coupled, rows)

const batches = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 }))
  .chain((shape) =>
    tensorOf(
      shape,
      fc.integer({ min: -16, max: 16 }).map((n) => n / 16),
    ),
  )
  .map(widened)

const near = (received: Tensor, expected: Tensor, error = 1e-12): void => {
  expect(received.shape).toEqual(expected.shape)
  for (const [i, value] of expected.data.entries()) {
    expect(Math.abs((received.data[i] ?? Number.NaN) - value)).toBeLessThan(error * Math.max(1, Math.abs(value)))
  }
}

describe('derivatives', () => {
  test('around vmap are those of the formula, and agree with differences', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        near(mapped(batch), written(batch))
        near(grad((b: Tensor) => sum(mapped(b)))(batch), grad((b: Tensor) => sum(written(b)))(batch))
        checkGrads(mapped, [batch])
      }),
      lawRuns(20),
    )
  })

  test('inside of vmap are those of the sum over all examples', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const inside = vmap(grad(coupled), rows)(batch)
        near(inside, grad((b: Tensor) => sum(written(b)))(batch))
        // forwards, every example moves along its own direction at once
        const tangent = vmap((v: Tensor) => jvp(coupled, [v], [square(v)])[1], rows)(batch)
        near(tangent, jvp(written, [batch], [square(batch)])[1])
        // a cotangent of its own for each
        const cts = mapped(batch)
        const pulled = vmap((v: Tensor, ct: Tensor) => vjp(coupled, v)[1](ct)[0], rows)(batch, cts)
        near(pulled, vjp(written, batch)[1](cts)[0])
      }),
      lawRuns(20),
    )
  })

  test('inside of vmap agree with differences of the sum', () => {
    const batch = widened(
      array([
        [0.5, -1],
        [0.25, 2],
        [1, 0.75],
      ]),
    )
    const inside = vmap(grad(coupled), rows)(batch)
    const eps = 1e-5
    const total = (place: number, by: number): number =>
      sum(
        mapped(
          new HostTensor(
            batch.data.map((value, i) => (i === place ? value + by : value)),
            batch.shape,
            'f64',
          ),
        ),
      ).item()
    for (const [i, slope] of inside.data.entries()) {
      expect(slope).toBeCloseTo((total(i, eps) - total(i, -eps)) / (2 * eps), 7)
    }
  })

  test('grad of a mean inside of vmap is that of every example alone', () => {
    // Σ_i pmean(f(x_i)) = Σ_i f(x_i)
    const alone = vmap(grad((v: Tensor) => sum(sin(v))))(x)
    expect(
      vmap(
        grad((v: Tensor) => pmean(sum(sin(v)), 'rows')),
        rows,
      )(x).toArray(),
    ).toEqual(alone.toArray())
  })

  test('of second order, and in every order of grad, vmap and jit', () => {
    const batch = widened(
      array([
        [0.5, -1],
        [0.25, 2],
        [1, 0.75],
      ]),
    )
    const u = sin(batch)
    const inside = vmap((v: Tensor, d: Tensor) => jvp(grad(coupled), [v], [d])[1], rows)(batch, u)
    const around = jvp(
      grad((b: Tensor) => sum(written(b))),
      [batch],
      [u],
    )[1]
    near(inside, around)
    const reverse = vmap((v: Tensor, d: Tensor) => grad((w: Tensor) => sum(mul(grad(coupled)(w), d)))(v), rows)(
      batch,
      u,
    )
    near(reverse, around)
    const f = jit((b: Tensor) => sum(jit(vmap(jit(coupled), rows))(b)))
    near(jit(grad(f))(batch), grad((b: Tensor) => sum(written(b)))(batch))
    near(vmap(jit(grad(jit(coupled))), rows)(batch), grad((b: Tensor) => sum(written(b)))(batch))
    near(hessian((b: Tensor) => sum(mapped(b)))(batch), hessian((b: Tensor) => sum(written(b)))(batch), 1e-11)
  })

  test('of a vmap within a vmap', () => {
    const f = (v: Tensor): Tensor => mul(sin(psum(mul(v, psum(v, 'columns')), 'rows')), v)
    const nested = vmap(vmap(f, { axisName: 'columns' }), { axisName: 'rows' })
    const whole = (b: Tensor): Tensor => {
      const rowSums = broadcastTo(sum(b, 1, { keepDims: true }), b.shape)
      return mul(sin(broadcastTo(sum(mul(b, rowSums), 0, { keepDims: true }), b.shape)), b)
    }
    const batch = widened(x)
    near(nested(batch), whole(batch))
    const right = grad((b: Tensor) => sum(whole(b)))(batch)
    near(grad((b: Tensor) => sum(nested(b)))(batch), right)
    near(vmap(vmap(grad(f), { axisName: 'columns' }), { axisName: 'rows' })(batch), right)
    const between = vmap(
      grad((row: Tensor) => sum(vmap(f, { axisName: 'columns' })(row))),
      { axisName: 'rows' },
    )
    near(between(batch), right)
  })

  test('through a checkpoint', () => {
    near(vmap(grad(checkpoint(coupled)), rows)(widened(x)), grad((b: Tensor) => sum(written(b)))(widened(x)))
  })

  test('may be given by a customVjp: a sum that is met on the way back only', () => {
    const shared = customVjp((v: Tensor) => v, {
      forward: (v) => [v, null],
      backward: (_, ct) => [psum(ct, 'rows')],
    })
    // w is the same for all, each pulls x_i, and all get the sum
    const each = vmap((w: Tensor, v: Tensor) => grad((p: Tensor) => mul(shared(p), v))(w), {
      inAxes: [null, 0],
      axisName: 'rows',
    })
    expect(each(scalar(1), array([1, 2, 4])).toArray()).toEqual([7, 7, 7])
    const around = grad((w: Tensor) =>
      sum(vmap((p: Tensor, v: Tensor) => mul(shared(p), v), { inAxes: [null, 0], axisName: 'rows' })(w, array([1, 2]))),
    )
    expect(around(scalar(1)).item()).toBe(6) // 3 for each of two copies
  })
})

test('any shape: the sum over the batch is reduceSum, to the last bit', () => {
  fc.assert(
    fc.property(
      shapeArbitrary({ maxRank: 2 }).chain((shape) => fc.tuple(tensorOf([3, ...shape]), fc.nat(shape.length))),
      ([batch, axis]) => {
        const f = vmap((v: Tensor) => psum(v, 'i'), { axisName: 'i', outAxes: null })
        expect(numbers(f(batch))).toEqual(numbers(sum(batch, 0)))
        const moved = vmap((v: Tensor) => psum(v, 'i'), { inAxes: axis, axisName: 'i', outAxes: null })
        expect(numbers(moved(batch))).toEqual(numbers(sum(batch, axis)))
      },
    ),
    lawRuns(50),
  )
})

test('programs keep no collective, and shards of a batch train as the whole', () => {
  const w = array([0.5, -0.25])
  const y = array([1, 0, 2])
  const loss = (p: Tensor, rowsOf: Tensor, targets: Tensor): Tensor =>
    mean(square(sub(sum(mul(rowsOf, p), 1), targets)))
  const sharded = vmap(
    (p: Tensor, v: Tensor, target: Tensor) => pmean(grad(loss)(p, expandDims(v, 0), expandDims(target, 0)), 'shards'),
    { inAxes: [null, 0, 0], outAxes: null, axisName: 'shards' },
  )
  const [slope] = oracle(([p, v, t]) => (p && v && t ? [sharded(p, v, t)] : []), [w, x, y])
  const [whole] = oracle(([p, v, t]) => (p && v && t ? [grad(loss)(p, v, t)] : []), [w, x, y])
  for (const [i, value] of numbers(whole ?? w).entries()) expect(slope?.data[i]).toBeCloseTo(value, 12)
  const program = makeIR(sharded)(w, x, y)
  expect(program.equations.filter(({ primitive }) => primitive.name === 'psum')).toEqual([])
})

test('batch statistics: each column has mean 0 and variance 1', () => {
  const normal = vmap(
    (v: Tensor) => {
      const centred = sub(v, pmean(v, 'i'))
      return mul(centred, rsqrt(pmean(square(centred), 'i')))
    },
    { axisName: 'i' },
  )
  const [z] = oracle(([v]) => (v ? [normal(v)] : []), [x])
  if (z === undefined) throw new Error('unreachable')
  for (const column of [0, 1]) {
    const values = numbers(z).filter((_, i) => i % 2 === column)
    expect(values.reduce((a, b) => a + b)).toBeCloseTo(0, 12)
    expect(values.reduce((a, b) => a + b * b, 0) / 3).toBeCloseTo(1, 12)
  }
})

/* Programs of linear algebra on every engine: what runs on the host between two programs, and in loops. */
import {
  add,
  array,
  cholesky,
  compile,
  diagonal,
  div,
  type Engine,
  exp,
  expandDims,
  eye,
  grad,
  jit,
  log,
  logdet,
  makeIR,
  matmul,
  matrixTranspose,
  mul,
  planStages,
  prepareIR,
  scalar,
  scan,
  solve,
  square,
  sub,
  sum,
  svd,
  type Tensor,
  triangularSolve,
  valueAndGrad,
  vmap,
} from '@cotangent/core'
import { gpuEngine } from '@cotangent/engine-gpu'
import { onnxEngine } from '@cotangent/engine-onnx'
import { checkGrads, oracle } from '@cotangent/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const engines: Record<string, Engine> = {}
beforeAll(async () => {
  engines.onnx = await onnxEngine()
  engines.gpu = await gpuEngine({ mode: 'cpu' })
})
afterAll(async () => {
  for (const engine of Object.values(engines)) await engine.close()
})

type ListOf = (xs: readonly Tensor[]) => readonly Tensor[]

/** What an engine computes in f32 is what the reference does in f64, within a share of the largest of each result. */
const agrees = async (name: string, f: ListOf, xs: readonly Tensor[], share: number): Promise<void> => {
  const engine = engines[name]
  if (engine === undefined) throw new Error(`no engine ${name}`)
  const received = await Promise.all((await compile(f, engine)(xs)).map((y) => y.read()))
  const expected = oracle(f, xs)
  expect(received.length).toBe(expected.length)
  for (const [i, y] of expected.entries()) {
    const allowed = share * Math.max(...y.data.map(Math.abs))
    for (const [j, value] of y.data.entries()) {
      expect(Math.abs(value - (received[i]?.data[j] ?? Number.NaN))).toBeLessThanOrEqual(allowed)
    }
  }
}

const points = array([-2, -1.2, -0.3, 0.1, 0.9, 1.5, 2.2])
const values = array([0.1, -0.7, 0.2, 0.6, 1.1, 0.4, -0.5])

/** -log likelihood of the values under a Gaussian process with a squared-exponential kernel, up to a constant. */
const gaussianProcess = (logLength: Tensor, logNoise: Tensor): Tensor => {
  const distance = div(sub(expandDims(points, 1), points), exp(logLength))
  const kernel = add(exp(mul(square(distance), -0.5)), mul(eye(points.size), exp(mul(logNoise, 2))))
  const l = cholesky(kernel)
  const white = triangularSolve(l, values)
  return add(mul(sum(square(white)), 0.5), sum(log(diagonal(l))))
}

describe('a Gaussian process', () => {
  const at = [scalar(-0.3), scalar(-1)] as const

  test('has the likelihood that solve and logdet give, and right derivatives to second order', () => {
    const plain = (logLength: Tensor, logNoise: Tensor): Tensor => {
      const distance = div(sub(expandDims(points, 1), points), exp(logLength))
      const kernel = add(exp(mul(square(distance), -0.5)), mul(eye(points.size), exp(mul(logNoise, 2))))
      return mul(add(sum(mul(values, solve(kernel, values))), logdet(kernel)), 0.5)
    }
    const both: ListOf = ([a, b]) => (a === undefined || b === undefined ? [] : [gaussianProcess(a, b), plain(a, b)])
    const [byFactor, byInverse] = oracle(both, at)
    expect(byFactor?.item()).toBeCloseTo(byInverse?.item() ?? Number.NaN, 10)
    checkGrads(gaussianProcess, [...at], { order: 2 })
  })

  test.each(['onnx', 'gpu'])(
    'with its gradient, on %s: the decomposition on the host, the rest on the engine',
    async (name) => {
      const step: ListOf = ([a, b]) => {
        if (a === undefined || b === undefined) return []
        const [value, slopes] = valueAndGrad((both: readonly Tensor[]) => gaussianProcess(both[0] ?? a, both[1] ?? b))([
          a,
          b,
        ])
        return [value, ...slopes]
      }
      await agrees(name, step, at, 1e-5)
      const engine = engines[name]
      const ir = prepareIR(makeIR(step)([...at]), (primitive) => engine?.lowers(primitive) ?? false)
      const stages = planStages(ir, (equation) => engine?.runs(equation) ?? false)
      const onHost = stages.filter(({ where }) => where === 'host').flatMap(({ ir: { equations } }) => equations)
      expect(new Set(onHost.map(({ primitive }) => primitive.name))).toEqual(new Set(['cholesky', 'triangularSolve']))
    },
  )
})

describe('a loop that solves a system in each step', () => {
  /** A Kalman filter: the state's mean and covariance along the observations, and their log likelihood. */
  const filter = (drift: Tensor, observations: Tensor): Tensor => {
    const noise = array([
      [0.3, 0.1],
      [0.1, 0.4],
    ])
    const step = ([mean, cov]: readonly [Tensor, Tensor], seen: Tensor) => {
      const ahead = matmul(drift, mean)
      const spread = add(matmul(matmul(drift, cov), matrixTranspose(drift)), noise)
      const total = add(spread, eye(2))
      const miss = sub(seen, ahead)
      const gain = matrixTranspose(solve(total, spread)) // spread total⁻¹: both are symmetric
      const likelihood = mul(add(sum(mul(miss, solve(total, miss))), logdet(total)), -0.5)
      return [[add(ahead, matmul(gain, miss)), sub(spread, matmul(gain, spread))] as const, likelihood] as const
    }
    const start = [mul(sum(observations, 0), 0), eye(2)] as const
    return sum(scan(step, start, observations)[1])
  }
  const drift = array([
    [0.9, 0.2],
    [-0.1, 0.8],
  ])
  const observations = array([
    [1, 0],
    [0.7, -0.2],
    [0.9, 0.3],
    [0.2, 0.1],
  ])

  test('has right derivatives', () => checkGrads(filter, [drift, observations]))

  test.each(['onnx', 'gpu'])('runs on %s, with its gradient', async (name) => {
    const both: ListOf = ([a, b]) => {
      if (a === undefined || b === undefined) return []
      const [value, slope] = valueAndGrad(filter)(a, b)
      return [value, slope]
    }
    await agrees(name, both, [drift, observations], 1e-5)
  })
})

describe('any order, any transform', () => {
  test('the third derivative of log det(t a) is 2 n / t³, under vmap and jit', () => {
    const a = array([
      [2, 1, 0],
      [1, 3, 1],
      [0, 1, 2],
    ])
    const f = (t: Tensor): Tensor => logdet(mul(a, t))
    const third = oracle(([t]) => (t === undefined ? [] : [vmap(jit(grad(grad(grad(f)))))(t)]), [array([0.5, 1, 2])])
    for (const [i, t] of [0.5, 1, 2].entries()) expect(third[0]?.data[i]).toBeCloseTo(6 / t ** 3, 8)
  })

  test('gradients for each of a batch: of the largest singular vector, on ONNX', async () => {
    const xs = array([
      [
        [2, 1],
        [0, 1],
      ],
      [
        [1, 0],
        [3, 1],
      ],
      [
        [0, 1],
        [-1, 3],
      ],
    ])
    const f = (x: Tensor): Tensor => {
      const [u, s, vt] = svd(x)
      return sum(square(matmul(mul(u, s), mul(vt, array([[1], [2]])))))
    }
    await agrees('onnx', ([x]) => (x === undefined ? [] : [vmap(grad(f))(x)]), [xs], 1e-5)
  })
})

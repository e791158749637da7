import {
  array,
  concat,
  eye,
  key,
  matmul,
  matrixTranspose,
  mul,
  normal,
  split,
  type Tensor,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { checkGrads, staysFinite } from '@cotangent/testing'
import { describe, expect, it } from 'vitest'
import { gaussianSketch, orthonormal } from './rangeFinder.js'
import { spectral } from './spectral.js'

const f64 = (x: Tensor): Tensor => array(x.toArray(), 'f64')

/** [n, d] with a spectrum of about decay^i. */
const matrix = (seed: number, n: number, d: number, decay: number): Tensor => {
  const [k1 = key(1), k2 = key(2)] = split(key(seed))
  const left = orthonormal(f64(normal(k1, [n, n])))
  const spectrum = array(
    Array.from({ length: n }, (_, i) => [decay ** i]),
    'f64',
  )
  return matmul(left, mul(spectrum, f64(normal(k2, [n, d]))))
}

const errorOf = (x: Tensor, expected: Tensor): number =>
  Math.max(...Array.from(x.data, (value, i) => Math.abs(value - (expected.data[i] ?? Number.NaN))))

describe('orthonormal columns', () => {
  it('are orthonormal, and span what was given', () => {
    const y = matrix(1, 8, 30, 0.3) // the last column is 4,000 times smaller than the first
    const tall = matrixTranspose(y)
    const o = orthonormal(tall)
    expect(errorOf(matmul(matrixTranspose(o), o), eye(8))).toBeLessThan(1e-12)
    expect(errorOf(matmul(o, matmul(matrixTranspose(o), tall)), tall)).toBeLessThan(1e-10)
  })

  it('leave out what is dependent', () => {
    const x = f64(normal(key(3), [30, 2]))
    const o = orthonormal(concat([x, x], 1))
    const gram = matmul(matrixTranspose(o), o)
    expect(Array.from(gram.data).reduce((sum, v, i) => sum + (i % 5 === 0 ? v : 0), 0)).toBeCloseTo(2, 10) // its trace is the rank
  })
})

describe('the spectral term in a random subspace', () => {
  it.each([
    ['decaying', 0.5, 1e-3],
    ['flat', 1, 5e-2],
  ] as const)('is near the exact one for a %s spectrum of 4,100 columns, and never beyond', (_, decay, within) => {
    const x = matrix(3, 16, 4100, decay)
    const exact = spectral(x, { k: 5, norm: 'frobenius' }).item()
    for (let seed = 0; seed < 20; seed++) {
      const near = spectral(x, { k: 5, sketch: gaussianSketch(key(seed), x.shape, 5) }).item()
      expect(Math.abs(near / exact - 1)).toBeLessThan(within)
      expect(near).toBeGreaterThanOrEqual(exact - 1e-12)
    }
  })

  it.each([
    ['wide', 12, 20],
    ['tall', 20, 12],
  ] as const)('has the gradient of its formula, to second order: %s', (_, n, d) => {
    const sketch = gaussianSketch(key(1), [n, d], 2)
    checkGrads((x: Tensor) => spectral(x, { k: 2, sketch }), [normal(key(5), [n, d])])
  })

  it('does not depend on the columns of the sketch, only on their span', () => {
    const x = matrix(6, 12, 20, 0.7)
    const sketch = f64(gaussianSketch(key(1), x.shape, 2))
    const mixed = matmul(sketch, f64(normal(key(2), [7, 7])))
    const [a, b] = [sketch, mixed].map((omega) => valueAndGrad((y: Tensor) => spectral(y, { k: 2, sketch: omega }))(x))
    expect(a?.[0].item()).toBeCloseTo(b?.[0].item() ?? Number.NaN, 12)
    expect(errorOf(a?.[1] ?? zeros([]), b?.[1] ?? zeros([]))).toBeLessThan(1e-10)
  })

  it('is finite, with its gradient, for zeros, equal rows, few rows that count, and repeated singular values', () => {
    const sketch = gaussianSketch(key(1), [12, 20], 2)
    const row = normal(key(4), [1, 20])
    const cases = [
      zeros([12, 20]),
      concat(Array(12).fill(row), 0),
      concat([normal(key(4), [2, 20]), zeros([10, 20])], 0),
      concat([eye(12), zeros([12, 8])], 1),
      mul(normal(key(4), [12, 20]), 1e-20),
      mul(normal(key(4), [12, 20]), 1e20),
    ]
    for (const x of cases) staysFinite((y) => spectral(y, { k: 2, sketch }), [x])
    expect(spectral(concat(Array(12).fill(row), 0), { k: 2, sketch }).item()).toBeCloseTo(-1, 5)
  })

  it('refuses a sketch that does not fit, and the nuclear norm', () => {
    const x = normal(key(5), [12, 20])
    expect(() => spectral(x, { k: 2, sketch: zeros([20, 7]) })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: spectral: the sketch must be [min(n, d), q], q at most min(n, d).
        received  student [12,20], sketch f32[20,7]
        to do     gaussianSketch(key, student.shape, k) makes one]
    `)
    expect(() => spectral(x, { k: 2, norm: 'nuclear', sketch: zeros([12, 7]) })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: spectral: with a sketch the norm must be frobenius: a random subspace does not hold all singular values.
        received  norm nuclear, with a sketch
        to do     set norm to 'frobenius', or leave the sketch out]
    `)
  })
})

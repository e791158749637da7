import { lawRuns, symmetricArbitrary, tensorOf } from '@cotangent/testing'
import * as fc from 'fast-check'
import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { prepareIR } from '../compile/prepare.js'
import { evaluateIR } from '../reference/evaluate.js'
import { array, type HostTensor, type Tensor, tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { grad } from '../transforms/vjp.js'
import { mul, square } from './arithmetic.js'
import { zeros } from './broadcast.js'
import { matmul } from './contraction.js'
import { jacobiLimit } from './jacobi.js'
import { eigh, eigvalsh, singularValues } from './linalg.js'
import { eye, matrixTranspose } from './matrix.js'
import { sum } from './reduction.js'

const rows = (x: Tensor): number[][] => {
  const [m = 0, n = 0] = x.shape
  return Array.from({ length: m }, (_, i) => Array.from(x.data.subarray(i * n, (i + 1) * n)))
}

const norm = (x: Tensor): number => Math.hypot(...x.data)

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let gap = 0
  for (let i = 0; i < a.length; i++) gap = Math.max(gap, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)))
  return gap
}

const wide = (x: Tensor): HostTensor => tensor(Float64Array.from<number>(x.data), x.shape)

/** What a program gives once the named primitives are replaced by their decompositions, in f64. */
const decomposed = (f: (x: Tensor) => readonly Tensor[], x: Tensor): readonly HostTensor[] => {
  const names = ['eigh', 'singularValues']
  const ir = prepareIR(makeIR((a: Tensor) => [...f(a)])(x), ({ name }) => !names.includes(name))
  expect(ir.equations.some(({ primitive }) => names.includes(primitive.name))).toBe(false)
  return evaluateIR(ir, [x]).map(({ data, shape }) => tensor(data, shape))
}

const oracle = (a: Tensor): number[] =>
  [...new EigenvalueDecomposition(new Matrix(rows(a)), { assumeSymmetric: true }).realEigenvalues].sort((x, y) => x - y)

const svd = (x: Tensor): number[] =>
  new SingularValueDecomposition(new Matrix(rows(x)), { autoTranspose: true }).diagonal

describe('eigh agrees with another implementation, and with its decomposition', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 21, jacobiLimit])('side %d', (n) => {
    fc.assert(
      fc.property(symmetricArbitrary(n), (narrow) => {
        const a = wide(narrow)
        const size = norm(a)
        const right = oracle(a)
        for (const [w, v] of [eigh(a), decomposed(eigh, a)]) {
          if (w === undefined || v === undefined) throw new Error('eigh has two results')
          expect(largestGap(w.data, right)).toBeLessThanOrEqual(1e-10 * size)
          const rebuilt = matmul(mul(v, w), matrixTranspose(v))
          expect(largestGap(rebuilt.data, a.data)).toBeLessThanOrEqual(1e-6 * size)
          const unit = matmul(matrixTranspose(v), v)
          expect(
            largestGap(
              unit.data,
              rows(unit).flatMap((row, i) => row.map((_, j) => Number(i === j))),
            ),
          ).toBeLessThan(1e-12)
        }
      }),
      lawRuns(n > 16 ? 2 : n > 8 ? 6 : 20),
    )
  })

  test("clustered and decaying spectra of the classifier's sides", () => {
    for (const n of [2, 5, 9, 12]) {
      for (const spectrum of [
        (i: number) => i % 2,
        (i: number) => 1 + (i % 2) + i * 1e-9,
        (i: number) => 10 ** (-i / 2),
        () => 0,
      ]) {
        const a = rotated(n, spectrum)
        const [w] = decomposed(eigh, a)
        expect(
          largestGap(
            w?.data ?? [],
            Array.from({ length: n }, (_, i) => spectrum(i)).sort((x, y) => x - y),
          ),
        ).toBeLessThan(1e-10)
      }
    }
  })
})

test('eigvalsh: eigenvalues alone have finite gradients where they coincide', () => {
  const a = array([
    [2, 1],
    [1, 2],
  ])
  expect(eigvalsh(a).toArray()).toEqual(eigh(a)[0].toArray())
  // Σ w = trace: slope 1 on the diagonal, at a tie too
  const slope = grad((x: Tensor) => sum(eigvalsh(x)))
  for (const x of [eye(3), zeros([3, 3])]) expect(slope(x).toArray()).toEqual(eye(3).toArray())
  // Σ w² = Σ a²: slope 2 a
  const squares = grad((x: Tensor) => sum(square(eigvalsh(x))))(a)
  expect(largestGap(squares.data, [4, 2, 2, 4])).toBeLessThan(1e-6)
})

/** Q diag(spectrum) Qᵀ with Q = 1 - 2 u uᵀ, u a unit vector with no zeros. */
const rotated = (n: number, spectrum: (i: number) => number): HostTensor => {
  const u = Array.from({ length: n }, (_, i) => Math.sqrt((2 * (i + 1)) / (n * (n + 1))))
  const q = (i: number, k: number): number => Number(i === k) - 2 * (u[i] ?? 0) * (u[k] ?? 0)
  const at = (i: number, j: number): number => {
    let total = 0
    for (let k = 0; k < n; k++) total += q(i, k) * spectrum(k) * q(j, k)
    return total
  }
  return tensor(
    Float64Array.from({ length: n * n }, (_, p) =>
      at(Math.min(Math.floor(p / n), p % n), Math.max(Math.floor(p / n), p % n)),
    ),
    [n, n],
  )
}

const sides = fc.constantFrom<readonly [number, number]>(
  [1, 1],
  [1, 5],
  [2, 3],
  [3, 2],
  [4, 4],
  [16, 9],
  [5, 12],
  [9, 2],
)

/** Random matrices, and products of two thin ones, which are rank-deficient. */
const matrices = sides.chain(([m, n]) =>
  fc.oneof(
    tensorOf([m, n]),
    fc.tuple(tensorOf([m, 1]), tensorOf([1, n])).map(([a, b]) => wide(matmul(a, b))),
    fc.constant(wide(zeros([m, n]))),
    fc.tuple(tensorOf([m, 2]), tensorOf([2, n])).map(([a, b]) => wide(matmul(a, b))),
  ),
)

describe('singularValues', () => {
  test('agrees with another implementation, and with its decomposition', () => {
    fc.assert(
      fc.property(matrices, fc.constantFrom(1, 1e-20, 1e20), (narrow, scale) => {
        const x = tensor(
          Float64Array.from<number>(narrow.data).map((value) => value * scale),
          narrow.shape,
        )
        const right = svd(x)
        const [composed] = decomposed((a) => [singularValues(a)], x)
        expect(largestGap(singularValues(x).data, right)).toBeLessThanOrEqual(1e-12 * norm(x))
        expect(largestGap(composed?.data ?? [], right)).toBeLessThanOrEqual(3e-8 * norm(x)) // zero ones: the root of 1e-16
        expect(largestGap((composed?.data ?? []).slice(0, 1), right.slice(0, 1))).toBeLessThanOrEqual(1e-10 * norm(x))
      }),
      lawRuns(60),
    )
  })

  test('in f32, at the ends of its range', () => {
    const x = array([
      [3e37, 0],
      [0, 4e37],
    ])
    expect(singularValues(x).data).toEqual(Float32Array.of(4e37, 3e37))
    expect([
      ...singularValues(
        array([
          [3e-37, 0],
          [0, 4e-37],
        ]),
      ).data,
    ]).toEqual([Math.fround(4e-37), Math.fround(3e-37)])
  })

  const special = {
    identity: array([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]),
    'zero matrix': zeros([3, 2]),
    'equal columns': array([
      [1, 1],
      [2, 2],
      [-1, -1],
    ]),
    'rank 1, wide': array([
      [1, 2, 3],
      [2, 4, 6],
    ]),
    'one zero row': array([
      [1, 2],
      [0, 0],
      [3, -1],
    ]),
  }

  test.each(Object.entries(special))('its gradients are finite for repeated and zero values: %s', (_, x) => {
    const first = (a: Tensor): Tensor => sum(singularValues(a))
    const weighted = (a: Tensor): Tensor =>
      sum(mul(singularValues(a), array([2, 1, 0.5].slice(0, Math.min(...a.shape)))))
    for (const scale of [1, 1e-20, 1e20]) {
      for (const f of [first, weighted]) {
        const gradient = grad(f)(mul(x, scale))
        expect([...gradient.data].every(Number.isFinite)).toBe(true)
        // Σ σ has slope 1 along x / Σ σ: <gradient, x> = f(x) for functions of degree 1
        const along = sum(mul(gradient, mul(x, scale))).item()
        expect(along).toBeCloseTo(f(mul(x, scale)).item(), 5 - Math.ceil(Math.log10(scale)))
      }
    }
  })

  test('its gradient at the identity is the identity, and 0 at zero', () => {
    const nuclear = grad((a: Tensor) => sum(singularValues(a)))
    expect(nuclear(special.identity).toArray()).toEqual(special.identity.toArray())
    expect([...nuclear(zeros([2, 2])).data]).toEqual([0, 0, 0, 0])
  })

  test('the second derivative is finite and right where a singular value is 0 and the others are distinct', () => {
    // Σ σ² = Σ x²: gradient 2x, Hessian 2
    const f = (a: Tensor): Tensor => sum(square(singularValues(a)))
    const x = special['rank 1, wide']
    const direction = array([
      [1, -1, 0.5],
      [2, 0, 1],
    ])
    const slope = grad((a: Tensor) => sum(mul(grad(f)(a), direction)))(x)
    expect([...slope.data].every(Number.isFinite)).toBe(true)
  })

  test('a batch of matrices', () => {
    const x = array([
      [
        [3, 0],
        [0, 4],
      ],
      [
        [1, 0],
        [0, 0],
      ],
    ])
    expect(singularValues(x).toArray()).toEqual([
      [4, 3],
      [1, 0],
    ])
  })
})

test('what is refused', () => {
  expect(() => eigh(zeros([2, 3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: eigh: the last two axes must be equal: a square, symmetric matrix.
      received  a f32[2,3]
      to do     form matmul(transpose(x), x) first, or use singularValues(x)]
  `)
  expect(() => singularValues(zeros([0, 3]))).toThrowErrorMatchingInlineSnapshot(`
    [ShapeError: singularValues: the tensor must have at least two axes, the last two not empty.
      received  x f32[0,3]
      to do     reshape it to a matrix]
  `)
  expect(() => singularValues(array([[1]], 'i32'))).toThrowErrorMatchingInlineSnapshot(`
    [DTypeError: singularValues: x must have a floating dtype (f32 or f64).
      received  x i32[1,1]
      to do     cast(x, 'f32') first]
  `)
})

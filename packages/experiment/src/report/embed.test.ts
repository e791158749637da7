import { fc, test } from '@fast-check/vitest'
import { Matrix, SVD } from 'ml-matrix'
import { describe, expect } from 'vitest'
import { randomStream } from '../statistics/index.js'
import { embed, principalPlane } from './embed.js'

fc.configureGlobal({ seed: 20260306 })

const cloud = (seed: number, n: number, width: number, centres = 1): number[][] => {
  const stream = randomStream(seed)
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: width }, (_, j) => stream.uniform() * (1 + 3 / (j + 1)) + 10 * (i % centres)),
  )
}

describe('principalPlane', () => {
  test.prop([fc.nat({ max: 1000 }), fc.integer({ min: 5, max: 30 }), fc.integer({ min: 3, max: 12 })], { numRuns: 20 })(
    'keeps as much variance as the two largest singular values of an SVD',
    (seed, n, width) => {
      const rows = cloud(seed, n, width)
      const centred = new Matrix(rows).center('column')
      const [s1 = 0, s2 = 0] = new SVD(centred, { autoTranspose: true }).diagonal
      const kept = principalPlane(rows).reduce((sum, [x, y]) => sum + x * x + y * y, 0)
      expect(kept / (s1 * s1 + s2 * s2)).toBeGreaterThan(0.98)
      expect(kept / (s1 * s1 + s2 * s2)).toBeLessThan(1 + 1e-9)
    },
  )

  test('equal rows and rows on a line have no second coordinate', () => {
    expect(
      principalPlane([
        [1, 2],
        [1, 2],
        [1, 2],
      ])
        .flat()
        .every((x) => x === 0),
    ).toBe(true)
    for (const [, y] of principalPlane([
      [0, 0],
      [1, 1],
      [2, 2],
    ]))
      expect(Math.abs(y)).toBeLessThan(1e-9)
  })
})

describe('embed', () => {
  test('few points are projected, many are mapped by UMAP', () => {
    expect(embed(cloud(1, 39, 4), 1).kind).toBe('PCA')
    expect(embed(cloud(1, 40, 4), 1).kind).toBe('UMAP')
  })

  test('the same rows and seed give the same map, and far clusters stay apart', () => {
    const rows = cloud(2, 60, 5, 2)
    const { points } = embed(rows, 3)
    expect(embed(rows, 3).points).toEqual(points)
    const nearest = points.map(([x, y], i) => {
      const distances = points.map(([u, v], j) => (i === j ? Number.POSITIVE_INFINITY : (x - u) ** 2 + (y - v) ** 2))
      return distances.indexOf(Math.min(...distances)) % 2 === i % 2
    })
    expect(nearest.every(Boolean)).toBe(true)
  })
})

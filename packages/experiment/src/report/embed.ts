import { UMAP } from 'umap-js'
import { randomStream } from '../statistics/index.js'

/** Points in the plane, and how they were found. */
export interface Embedding {
  readonly kind: 'UMAP' | 'PCA'
  readonly points: readonly (readonly [number, number])[]
}

/** Fewer points than this have no neighbourhoods worth the name: they are projected instead. */
const fewest = 40

const neighbours = 15

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)

const centred = (rows: readonly (readonly number[])[]): readonly (readonly number[])[] => {
  const mean = (rows[0] ?? []).map((_, j) => rows.reduce((sum, row) => sum + (row[j] ?? 0), 0) / rows.length)
  return rows.map((row) => row.map((x, j) => x - (mean[j] ?? 0)))
}

/** Leading direction of centred rows by power iteration, orthogonal to those given; zero where nothing is left. */
const leadingDirection = (
  rows: readonly (readonly number[])[],
  orthogonalTo: readonly (readonly number[])[],
): readonly number[] => {
  const clean = (v: readonly number[]): readonly number[] => {
    const projected = orthogonalTo.reduce((w, u) => {
      const along = dot(w, u)
      return w.map((x, i) => x - along * (u[i] ?? 0))
    }, v)
    const norm = Math.sqrt(dot(projected, projected))
    return norm > 1e-12 ? projected.map((x) => x / norm) : projected.map(() => 0)
  }
  const width = rows[0]?.length ?? 0
  const stream = randomStream(1)
  let v = clean(Array.from({ length: width }, () => stream.uniform() - 0.5))
  for (let iteration = 0; iteration < 100; iteration++) {
    const next = new Array<number>(width).fill(0)
    for (const row of rows) {
      const along = dot(row, v)
      row.forEach((x, j) => {
        next[j] = (next[j] ?? 0) + along * x
      })
    }
    v = clean(next)
  }
  return v
}

/**
 * Projection onto the two directions of largest variance.
 *
 * @param rows [n][width]
 * @returns [n][2]; a coordinate is 0 where the rows have no second direction
 */
export const principalPlane = (rows: readonly (readonly number[])[]): readonly (readonly [number, number])[] => {
  const data = centred(rows)
  const first = leadingDirection(data, [])
  const second = leadingDirection(data, [first])
  return data.map((row) => [dot(row, first), dot(row, second)])
}

/**
 * A map of points in the plane: UMAP, or the principal plane where there are few points.
 *
 * The same rows and seed give the same map.
 *
 * @param rows [n][width]
 * @example embed([[0, 0], [1, 0], [0, 2]], 1).kind // => 'PCA'
 */
export const embed = (rows: readonly (readonly number[])[], seed: number): Embedding => {
  if (rows.length < fewest) return { kind: 'PCA', points: principalPlane(rows) }
  const map = new UMAP({
    nComponents: 2,
    nNeighbors: neighbours,
    minDist: 0.1,
    nEpochs: 200,
    random: randomStream(seed).uniform,
  }).fit(rows.map((row) => [...row]))
  return { kind: 'UMAP', points: map.map(([x = 0, y = 0]) => [x, y]) }
}

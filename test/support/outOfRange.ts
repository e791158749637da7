import { array, compile, type Engine, scatterAdd, type Tensor, take, zeros } from '@cotangent/core'

/** What an engine gives for indices that are out of range: a row of NaN, 0, or an update that is left out. */
export const outOfRange = async (engine: Engine): Promise<readonly (readonly number[])[]> => {
  const indices = array([1, -1, 3, 0], 'i32')
  const f = (x: Tensor, whole: Tensor, at: Tensor, updates: Tensor) => [
    take(x, at),
    take(whole, at),
    scatterAdd(zeros([3]), at, updates),
  ]
  const results = await compile(f, engine)(array([5, 6, 7]), array([5, 6, 7], 'i32'), indices, array([1, 2, 4, 8]))
  return Promise.all(results.map(async (result) => [...(await result.read()).data]))
}

export const outOfRangeResults: readonly (readonly number[])[] = [
  [6, Number.NaN, Number.NaN, 5],
  [6, 0, 0, 5],
  [8, 1, 0],
]

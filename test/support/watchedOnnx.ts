/* Programs on the ONNX engine, which remembers what it loaded, against the evaluation in f64. */
import { compile, type Engine, type IR, key, normal, type Tensor } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { oracle } from '@cotangent/testing'
import { expect } from 'vitest'

export type ListOf = (...xs: Tensor[]) => readonly Tensor[]

export interface WatchedEngine {
  readonly engine: Engine
  /** The programs loaded, in order. */
  readonly loaded: readonly IR[]
}

/** An engine that remembers the programs it was given. Close it at the end. */
export const watchedOnnx = async (): Promise<WatchedEngine> => {
  const onnx = await onnxEngine({ threads: 2 })
  const loaded: IR[] = []
  const engine: Engine = {
    ...onnx,
    load: (ir) => {
      loaded.push(ir)
      return onnx.load(ir)
    },
  }
  return { engine, loaded }
}

/** A result, and the programs that the engine loaded for it. */
export const loadedBy = async <R>(
  { loaded }: WatchedEngine,
  f: () => Promise<R>,
): Promise<readonly [result: R, programs: readonly IR[]]> => {
  const before = loaded.length
  const result = await f()
  return [result, loaded.slice(before)]
}

/** Runs as one program of the engine, and agrees with the evaluation in f64. */
export const agrees = async (
  onnx: WatchedEngine,
  f: ListOf,
  args: readonly Tensor[],
  tolerance = 1e-5,
): Promise<void> => {
  const run = compile((xs: readonly Tensor[]) => [...f(...xs)], onnx.engine)
  const [results, programs] = await loadedBy(onnx, () => run(args))
  expect(programs).toHaveLength(1)
  const expected = oracle((xs) => f(...xs), args)
  expect(results.map((y) => [y.dtype, ...y.shape])).toEqual(f(...args).map((y) => [y.dtype, ...y.shape]))
  for (const [i, y] of results.entries()) {
    const right = expected[i]?.data ?? []
    for (const [j, value] of y.data.entries()) {
      const correct = right[j] ?? Number.NaN
      expect(Math.abs(value - correct), `result ${i}, element ${j}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(correct)),
      )
    }
  }
}

export const random = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape)

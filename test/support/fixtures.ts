import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type HostTensor, type Tensor, tensor } from '@cotangent/core'
import { decodeSafetensors, toTensor } from '@cotangent/io'
import { E, getOrThrow } from '@cotangent/prelude'

/** Path of a file of reference data. */
export const fixturePath = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** The tensors of a safetensors file of reference data. */
export const fixtureTensors = (name: string): ReadonlyMap<string, HostTensor> => fileTensors(fixturePath(name))

/** The tensors of a safetensors file. */
export const fileTensors = (path: string): ReadonlyMap<string, HostTensor> => {
  const file = getOrThrow(decodeSafetensors(readFileSync(path), path))
  return new Map([...file.tensors].map(([key, stored]) => [key, getOrThrow(toTensor(stored, { name: key }))]))
}

export const fixtureJson = (name: string): unknown => JSON.parse(readFileSync(fixturePath(name), 'utf8'))

/** The value of a key that must be there. */
export const need = <K, V>(map: ReadonlyMap<K, V>, key: K): V => {
  const value = map.get(key)
  if (value === undefined) throw new Error(`the reference data has no ${String(key)}`)
  return value
}

/** Row `i` of the first axis. */
export const rowOf = (x: Tensor, i: number): HostTensor => {
  const shape = x.shape.slice(1)
  const size = shape.reduce((n, length) => n * length, 1)
  return tensor(x.data.slice(i * size, (i + 1) * size), shape)
}

/** The same numbers in f64. */
export const doubled = (x: Tensor): HostTensor => tensor(Float64Array.from(x.data), x.shape)

/** Largest absolute difference, over the largest expected magnitude: the `scaled` error of the reference data. */
export const scaledError = (actual: Tensor, expected: Tensor): number => {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY
  let [worst, largest] = [0, 0]
  for (const [i, y] of Array.from(expected.data).entries()) {
    const difference = Math.abs((actual.data[i] ?? Number.NaN) - y)
    if (Number.isNaN(difference)) return Number.NaN
    worst = Math.max(worst, difference)
    largest = Math.max(largest, Math.abs(y))
  }
  return worst === 0 ? 0 : worst / (largest || 1)
}

/** The value of a Right, for tests. */
export const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

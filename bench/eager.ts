import { add, key, matmul, mul, normal, type Tensor } from '@cotangent/core'

const [length, side] = [16, 16]

const elementwise =
  (f: (a: number, b: number) => number) =>
  (x: Float32Array, y: Float32Array): Float32Array => {
    const z = new Float32Array(length)
    for (let i = 0; i < length; i++) z[i] = f(x[i] ?? 0, y[i] ?? 0)
    return z
  }

const product = (x: Float32Array, y: Float32Array): Float32Array => {
  const z = new Float32Array(side * side)
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      let sum = 0
      for (let k = 0; k < side; k++) sum += (x[i * side + k] ?? 0) * (y[k * side + j] ?? 0)
      z[i * side + j] = sum
    }
  }
  return z
}

/** An operation called at once, and the same written by hand as a loop over arrays. */
export interface EagerOperation {
  readonly name: string
  /** Microseconds of one operation. */
  readonly ours: () => Promise<number>
  readonly loop: () => Promise<number>
}

const calls = 20_000

const timed =
  (call: () => unknown): (() => Promise<number>) =>
  () => {
    const start = performance.now()
    for (let i = 0; i < calls; i++) call()
    return Promise.resolve(((performance.now() - start) * 1000) / calls)
  }

/** What an operation on small tensors costs outside of a compiled function. */
export const eagerOperations = (): readonly EagerOperation[] => {
  const operation = (
    name: string,
    shape: readonly number[],
    f: (x: Tensor, y: Tensor) => Tensor,
    loop: (x: Float32Array, y: Float32Array) => Float32Array,
  ): EagerOperation => {
    const [x, y] = [normal(key(0), shape), normal(key(1), shape)]
    const [a, b] = [Float32Array.from<number>(x.data), Float32Array.from<number>(y.data)]
    return { name, ours: timed(() => f(x, y)), loop: timed(() => loop(a, b)) }
  }
  return [
    operation(
      `add/${length}`,
      [length],
      add,
      elementwise((a, b) => a + b),
    ),
    operation(
      `mul/${length}`,
      [length],
      mul,
      elementwise((a, b) => a * b),
    ),
    operation(`matmul/${side}x${side}`, [side, side], matmul, product),
  ]
}

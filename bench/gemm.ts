import { compile, type Engine, matmul, tensor } from '@cotangent/core'

const side = 1024

/** GFLOP/s of a 1024-cube product on an engine: what this machine gives at best. */
export const makeGemm = (engine: Engine): (() => Promise<number>) => {
  const product = compile(matmul, engine)
  const x = tensor(
    Float32Array.from({ length: side * side }, (_, i) => Math.sin(i)),
    [side, side],
  )
  return async () => {
    await product(x, x)
    const runs = 8
    const start = performance.now()
    for (let i = 0; i < runs; i++) await product(x, x)
    return (runs * 2 * side ** 3) / (performance.now() - start) / 1e6
  }
}

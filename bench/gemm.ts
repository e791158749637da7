import { compile, type Engine, matmul, type Tensor, tensor } from '@cotangent/core'

const side = 1024

/**
 * GFLOP/s of a 1024-cube product on an engine: what this machine gives at best. Each product takes the one before and
 * donates it, so that no storage is made anew. Entries are small enough to keep the products' size.
 */
export const makeGemm = (engine: Engine): (() => Promise<number>) => {
  const product = compile(matmul, engine, { donate: [1] })
  const entries = Float32Array.from({ length: side * side }, (_, i) => Math.sin(i * i) / 23)
  const x = tensor(entries, [side, side])
  let y: Tensor = tensor(entries.slice(), [side, side])
  const times = async (runs: number): Promise<void> => {
    for (let i = 0; i < runs; i++) y = await product(x, y)
  }
  return async () => {
    await times(3)
    const runs = 10
    const start = performance.now()
    await times(runs)
    return (runs * 2 * side ** 3) / (performance.now() - start) / 1e6
  }
}

/** One kernel: what gpu.js compiles, and what the cache of compiled kernels goes by. */
export interface KernelSpec {
  /** A gpu.js kernel over flat arrays: `function (a0, a1) { ... }`; all lengths and strides stand in it as numbers. */
  readonly source: string
  /** Number of elements of the result, one thread each. */
  readonly length: number
  /** Lengths of the parameters, in their order. */
  readonly inputLengths: readonly number[]
}

/** A function that kernels may call (no truth value in a variable: gpu.js takes it for a number): of f32 numbers, giving one. */
export interface KernelFunction {
  readonly source: string
  readonly parameters: number
}

/** A function by its text; what it calls is found there. */
export const define = (source: string): KernelFunction => ({
  source,
  parameters: source.slice(source.indexOf('(') + 1, source.indexOf(')')).split(',').length,
})

import type { KernelSpec } from '../program/value.js'
import type { Kernel } from './device.js'

/** Kernels by their text and lengths: gpu.js compiles lengths in, at the latest when the kernel first runs. */
const keyOf = ({ source, length, inputLengths }: KernelSpec): string =>
  `${inputLengths.join(',')} -> ${length}\n${source}`

/** Compiled kernels, each once. */
export interface KernelCache {
  get(spec: KernelSpec): Kernel
  size(): number
  /** Destroys all. */
  clear(): void
}

/** @param compile called once per text and lengths */
export const kernelCache = (compile: (spec: KernelSpec) => Kernel): KernelCache => {
  const known = new Map<string, Kernel>()
  return {
    get: (spec) => {
      const key = keyOf(spec)
      const kernel = known.get(key) ?? compile(spec)
      known.set(key, kernel)
      return kernel
    },
    size: () => known.size,
    clear: () => {
      for (const kernel of known.values()) kernel.destroy()
      known.clear()
    },
  }
}

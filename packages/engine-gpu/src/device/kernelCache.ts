import type { Eventually } from './eventually.js'
import type { KernelSpec } from './kernelSpec.js'

/** A kernel as a mode of gpu.js compiles it; H is what goes from kernel to kernel. */
export interface CompiledKernel<H> {
  /** Hands the work to the device; the result's elements may not be there yet, but what reads them later waits. */
  run(operands: readonly H[]): Eventually<H>
  destroy(): void
}

interface Entry<H> {
  readonly kernel: CompiledKernel<H>
  /** Runs under way. */
  users: number
}

/** Kernels by their text and lengths: gpu.js compiles lengths in, at the latest when the kernel first runs. */
const keyOf = ({ source, length, inputLengths }: KernelSpec): string =>
  `${inputLengths.join(',')} -> ${length}\n${source}`

/**
 * Compiled kernels, each once per text and lengths. Beyond `most` the one used least recently is destroyed, and compiled
 * again when it is needed: each kernel of `webasm` holds a WebAssembly memory, and some 10,000 of them exhaust a process'
 * addresses.
 */
export class KernelCache<H> {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry<H>>()

  constructor(
    private readonly compile: (spec: KernelSpec) => CompiledKernel<H>,
    private readonly most: number,
  ) {}

  /** A kernel's call. It is compiled now, so that what is refused is refused before anything runs. */
  load(spec: KernelSpec): CompiledKernel<H>['run'] {
    const key = keyOf(spec)
    this.#entry(key, spec)
    return (operands) => {
      const entry = this.#entry(key, spec)
      const result = entry.kernel.run(operands)
      if (!(result instanceof Promise)) return result
      entry.users++
      return result.finally(() => {
        entry.users--
      })
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** Destroys all. */
  clear(): void {
    for (const { kernel } of this.#entries.values()) kernel.destroy()
    this.#entries.clear()
  }

  #entry(key: string, spec: KernelSpec): Entry<H> {
    const entry = this.#entries.get(key) ?? { kernel: this.compile(spec), users: 0 }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#shrink(key)
    return entry
  }

  #shrink(current: string): void {
    for (const [key, { kernel, users }] of this.#entries) {
      if (this.#entries.size <= this.most) return
      if (users > 0 || key === current) continue
      this.#entries.delete(key)
      kernel.destroy()
    }
  }
}

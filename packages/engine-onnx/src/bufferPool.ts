import { type Aval, dtypeOf, sizeOf, type TypedArray } from '@cotangent/core'

/**
 * Arrays that were given away and may be filled again. For each kind (dtype and number of elements) it keeps at most as
 * many as one run can use.
 */
export class BufferPool {
  readonly #free = new Map<string, TypedArray[]>()
  /** Those of the arrays in `#free`. */
  readonly #buffers = new Set<ArrayBufferLike>()
  readonly #limits = new Map<string, number>()

  /** @param results what a run fills */
  constructor(results: readonly Aval[]) {
    for (const aval of results) {
      const kind = kindOf(aval.dtype, sizeOf(aval.shape))
      this.#limits.set(kind, (this.#limits.get(kind) ?? 0) + 1)
    }
  }

  /** Keeps the array if a later run can use it: it must be all of its buffer. */
  put(data: TypedArray): void {
    const kind = kindOf(dtypeOf(data), data.length)
    const free = this.#free.get(kind) ?? []
    const isWhole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength
    if (!isWhole || this.#buffers.has(data.buffer) || free.length >= (this.#limits.get(kind) ?? 0)) return
    free.push(data)
    this.#free.set(kind, free)
    this.#buffers.add(data.buffer)
  }

  /** An array for this result, or `undefined`; never one whose buffer is in `busy`. */
  take({ shape, dtype }: Aval, busy: ReadonlySet<ArrayBufferLike>): TypedArray | undefined {
    const free = this.#free.get(kindOf(dtype, sizeOf(shape)))
    const at = free?.findLastIndex(({ buffer }) => !busy.has(buffer)) ?? -1
    const [data] = at < 0 ? [] : (free?.splice(at, 1) ?? [])
    if (data !== undefined) this.#buffers.delete(data.buffer)
    return data
  }

  get size(): number {
    return this.#buffers.size
  }
}

const kindOf = (dtype: string, size: number): string => `${dtype} ${size}`

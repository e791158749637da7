import { type Aval, dtypeOf, sizeOf, type TypedArray } from '@cotangent/core'

/**
 * Arrays that were given away and may be filled again. For each kind (dtype and number of elements) it keeps at most as
 * many as one run can use.
 */
export class BufferPool {
  readonly #free = new Map<string, TypedArray[]>()
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
    const isKnown = free.some((other) => other.buffer === data.buffer)
    if (!isWhole || isKnown || free.length >= (this.#limits.get(kind) ?? 0)) return
    free.push(data)
    this.#free.set(kind, free)
  }

  /** An array for this result, or `undefined`; never one whose buffer is in `busy`. */
  take({ shape, dtype }: Aval, busy: ReadonlySet<ArrayBufferLike>): TypedArray | undefined {
    const free = this.#free.get(kindOf(dtype, sizeOf(shape)))
    const at = free?.findLastIndex(({ buffer }) => !busy.has(buffer)) ?? -1
    return at < 0 ? undefined : free?.splice(at, 1)[0]
  }

  get size(): number {
    return [...this.#free.values()].reduce((total, list) => total + list.length, 0)
  }
}

const kindOf = (dtype: string, size: number): string => `${dtype} ${size}`

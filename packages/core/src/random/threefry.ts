/*
 * Threefry-2x32 with 20 rounds: a counter-based generator. Source: Salmon et al., "Parallel Random Numbers: As Easy as
 * 1, 2, 3" (2011). Counters and their use follow JAX with jax_threefry_partitionable (its default since 0.5), so that
 * keys and bits equal JAX's.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24]

/** One block: the two words of a counter under a key, written to `out[at]` and `out[at + 1]`. */
export const threefryBlock = (
  k0: number,
  k1: number,
  c0: number,
  c1: number,
  out: { [i: number]: number },
  at: number,
): void => {
  const keys = [k0, k1, k0 ^ k1 ^ 0x1bd11bda]
  let x0 = (c0 + k0) | 0
  let x1 = (c1 + k1) | 0
  for (let group = 0; group < 5; group++) {
    const first = (group % 2) * 4
    for (let r = 0; r < 4; r++) {
      const turn = rotations[first + r] ?? 0
      x0 = (x0 + x1) | 0
      x1 = (x1 << turn) | (x1 >>> (32 - turn))
      x1 ^= x0
    }
    x0 = (x0 + (keys[(group + 1) % 3] ?? 0)) | 0
    x1 = (x1 + (keys[(group + 2) % 3] ?? 0) + group + 1) | 0
  }
  out[at] = x0 >>> 0
  out[at + 1] = x1 >>> 0
}

/** `count` words of a key: both words of block i, xor-ed. */
export const randomWords = (k0: number, k1: number, count: number): Uint32Array => {
  const words = new Uint32Array(count)
  const block = new Uint32Array(2)
  for (let i = 0; i < count; i++) {
    threefryBlock(k0, k1, 0, i, block, 0)
    words[i] = (block[0] ?? 0) ^ (block[1] ?? 0)
  }
  return words
}

/** `count` keys from one: block i is key i. */
export const splitWords = (k0: number, k1: number, count: number): Uint32Array => {
  const words = new Uint32Array(2 * count)
  for (let i = 0; i < count; i++) threefryBlock(k0, k1, 0, i, words, 2 * i)
  return words
}

/* Two ways to the same: functions that agree to the last bit or within a few, and journeys there and back. */
import { type Tensor, treeEntries, treeFlatten } from '@cotangent/core'
import { ulpOf } from '../compare/floats.js'
import { LawError } from './lawError.js'
import { type AnyFunction, applied } from './problem.js'

/** How near is the same: nothing for to the last bit. */
export interface Nearness {
  /** Units in the last place of f32. */
  readonly ulps?: number
  /** Relative to the largest element of the tensor. */
  readonly rtol?: number
}

const largestOf = (x: Tensor): number => {
  let most = 0
  for (const value of x.data) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value))
  return most
}

/** @throws LawError naming the leaf and the element that differs */
export const checkSameTrees = (
  check: string,
  expected: unknown,
  received: unknown,
  { ulps = 0, rtol = 0 }: Nearness = {},
): void => {
  const [wanted, got] = [treeEntries(expected), treeFlatten(received)[0]]
  const error = (what: string, is: string, at: string): LawError =>
    new LawError({ check, expected: what, received: is, at })
  if (wanted.length !== got.length) throw error(`there must be ${wanted.length} tensors.`, String(got.length), '')
  for (const [i, [path, x]] of wanted.entries()) {
    const y = got[i]
    const aval = (z: Tensor): string => `${z.dtype}[${z.shape.join()}]`
    if (y === undefined || aval(x) !== aval(y)) {
      throw error(`it must be ${aval(x)}.`, y === undefined ? 'nothing' : aval(y), path)
    }
    const largest = largestOf(x)
    for (const [place, value] of x.data.entries()) {
      const other = y.data[place] ?? Number.NaN
      if (Object.is(value, other) || Math.abs(value - other) <= ulps * ulpOf(value) + rtol * largest) continue
      throw error(`element ${place} must be ${value}.`, String(other), path)
    }
  }
}

/**
 * Two functions give the same, to the last bit unless told otherwise: an adapter with B = 0 and the model without it, a
 * merged weight and the two parts.
 */
export const functionsAgree = (
  f: AnyFunction,
  g: AnyFunction,
  args: readonly unknown[],
  nearness: Nearness = {},
): void => checkSameTrees('two functions', applied(f, args), applied(g, args), nearness)

/** There and back again: `back(there(x)) = x`, as for merge and unmerge, or weights that are written and read. */
export const roundTrip = <T, S>(there: (x: T) => S, back: (y: S) => T, x: T, nearness: Nearness = {}): void =>
  checkSameTrees('round trip', x, back(there(x)), nearness)

/** Bytes are the same each time: `write(x) = write(x) = write(read(write(x)))`. */
export const bytesRepeat = <T>(write: (x: T) => Uint8Array, read: (bytes: Uint8Array) => T, x: T): void => {
  const first = write(x)
  const others = { 'written again': write(x), 'written after it was read': write(read(first)) }
  for (const [how, bytes] of Object.entries(others)) {
    const place = first.length === bytes.length ? first.findIndex((byte, i) => byte !== bytes[i]) : bytes.length
    if (place < 0) continue
    throw new LawError({
      check: 'bytes repeat',
      expected: `${how}, byte ${place} must be ${first[place] ?? 'absent'}.`,
      received: String(bytes[place] ?? 'absent'),
    })
  }
}

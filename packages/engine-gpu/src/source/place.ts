/*
 * A place in a flat array as a sum: base + Σ stride · name, where each name is a variable of the kernel that holds a whole
 * number in [0, length). Views (transposed, sliced, repeated operands) turn a place of theirs into a place of their operand;
 * taken apart symbolically it needs no division.
 */
import { range } from '@cotangent/core'

/** stride · name; name lies in [0, length). */
export interface Term {
  readonly name: string
  readonly length: number
  readonly stride: number
}

export interface Place {
  readonly base: number
  readonly terms: readonly Term[]
}

export const constantPlace = (base: number): Place => ({ base, terms: [] })

/** A variable's value; one that can only be 0 is no variable. */
export const namedPlace = (name: string, length: number): Place => ({
  base: 0,
  terms: length <= 1 ? [] : [{ name, length, stride: 1 }],
})

export const shifted = ({ base, terms }: Place, by: number): Place => ({ base: base + by, terms })

/** Σ_k steps[k] · places[k] + first */
export const combine = (places: readonly Place[], steps: readonly number[], first = 0): Place => ({
  base: places.reduce((total, { base }, k) => total + base * (steps[k] ?? 0), first),
  terms: places.flatMap(({ terms }, k) => {
    const by = steps[k] ?? 0
    return by === 0 ? [] : terms.map((term) => ({ ...term, stride: term.stride * by }))
  }),
})

export const sumPlaces = (...places: readonly Place[]): Place =>
  combine(
    places,
    places.map(() => 1),
  )

export const namesIn = ({ terms }: Place): readonly string[] => terms.map(({ name }) => name)

/** `c0 * 12 + c1 - 3`; `0` for the sum of nothing. */
export const printPlace = ({ base, terms }: Place): string => {
  const parts = terms.map(({ name, stride }): readonly [number, string] => {
    const times = Math.abs(stride)
    return [stride, times === 1 ? name : `${name} * ${times}`]
  })
  if (base !== 0 || parts.length === 0) parts.push([base, String(Math.abs(base))])
  return parts.map(([sign, text], k) => `${sign < 0 ? (k === 0 ? '-' : ' - ') : k === 0 ? '' : ' + '}${text}`).join('')
}

/** Neighbouring axes, and the place along them as if they were one axis. */
export interface Block {
  readonly from: number
  /** One past the last axis. */
  readonly to: number
  readonly length: number
  readonly place: Place
}

interface Span {
  readonly from: number
  readonly to: number
  /** Of one step along the last of its axes. */
  readonly stride: number
  readonly length: number
}

const spansOf = (lengths: readonly number[]): readonly Span[] => {
  let stride = 1
  const spans: Span[] = []
  for (const axis of range(lengths.length).reverse()) {
    const length = lengths[axis] ?? 1
    spans.unshift({ from: axis, to: axis + 1, stride, length })
    stride *= length
  }
  return spans
}

const join = (a: Span, b: Span): Span => ({ from: a.from, to: b.to, stride: b.stride, length: a.length * b.length })

/** The part of a place that moves along each span; `null` where a term or the base fits none. */
const shares = ({ base, terms }: Place, spans: readonly Span[]): readonly Place[] => {
  const digits = spans.map(({ stride, length }) => Math.floor(base / stride) % length)
  return spans.map(({ stride, length }, k) => ({
    base: digits[k] ?? 0,
    terms: terms
      .filter((term) => term.stride >= stride && (k === 0 || term.stride < stride * length))
      .map((term) => ({ ...term, stride: term.stride / stride })),
  }))
}

const fits = ({ base, terms }: Place, length: number): boolean =>
  terms.every(({ stride }) => Number.isInteger(stride)) &&
  base + terms.reduce((top, term) => top + term.stride * (term.length - 1), 0) < length

/**
 * A place in a row-major array of these axes, taken apart into the fewest joined axes: where a block has one axis, its
 * place is the coordinate; where it has several, coordinates need division.
 */
export const splitPlace = (place: Place, lengths: readonly number[]): readonly Block[] => {
  const whole = { from: 0, to: lengths.length, length: lengths.reduce((a, b) => a * b, 1), place }
  if (place.base < 0 || place.terms.some(({ stride }) => stride < 0)) return [whole]
  let spans = spansOf(lengths)
  while (spans.length > 1) {
    const parts = shares(place, spans)
    // the last span that does not hold its share takes in the one before it
    const bad = spans.findLastIndex(({ length }, k) => !fits(parts[k] ?? place, length))
    if (bad < 0) return spans.map(({ from, to, length }, k) => ({ from, to, length, place: parts[k] ?? place }))
    const at = Math.max(bad, 1)
    const [before, here] = [spans[at - 1], spans[at]]
    if (before === undefined || here === undefined) break
    spans = [...spans.slice(0, at - 1), join(before, here), ...spans.slice(at + 1)]
  }
  return [whole]
}

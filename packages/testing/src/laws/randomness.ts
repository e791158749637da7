/*
 * Laws of random draws: the same key gives the same, other keys give something independent, and the numbers have the
 * distribution they should. Chi-square tests with p > 1e-6: of a million right seeds one is called wrong.
 */
import { compile, type Engine, grad, key, split, sum, type Tensor } from '@cotangent/core'
import { LawError } from './lawError.js'

/** A draw for a key. */
export type Draw = (key: Tensor) => Tensor

/** How far a normal number lies out with probability 1e-6, on one side. */
const oneInAMillion = 4.7534

/** The number below which chi-square lies but for one in a million (Wilson and Hilferty, 1931). */
export const chiSquareBound = (freedom: number): number => {
  const spread = 2 / (9 * freedom)
  return freedom * (1 - spread + oneInAMillion * Math.sqrt(spread)) ** 3
}

/** Σ (seen - expected)² / expected */
const chiSquare = (seen: readonly number[], expected: number): number =>
  seen.reduce((total, n) => total + (n - expected) ** 2 / expected, 0)

const cellOf = (x: number, cells: number): number => Math.min(cells - 1, Math.max(0, Math.floor(x * cells)))

const checkCounts = (check: string, expected: string, counts: readonly number[], draws: number): void => {
  const [found, bound] = [chiSquare(counts, draws / counts.length), chiSquareBound(counts.length - 1)]
  if (found <= bound) return
  throw new LawError({
    check,
    expected,
    received: `chi-square ${found.toFixed(1)} of ${counts.length} cells, allowed ${bound.toFixed(1)}`,
  })
}

/** Drawn again, and on each engine, it is the same to the last bit. */
export const sameKeySameBits = async (draw: Draw, seed: number, engines: readonly Engine[] = []): Promise<void> => {
  const expected = draw(key(seed)).data
  const compiled = engines.map(async (engine) => ({
    name: engine.name,
    data: (await (await compile(draw, engine)(key(seed))).read()).data,
  }))
  for (const { name, data } of [
    { name: 'a second time', data: draw(key(seed)).data },
    ...(await Promise.all(compiled)),
  ]) {
    const place = expected.findIndex((value, i) => !Object.is(value, data[i]))
    if (place < 0 && data.length === expected.length) continue
    throw new LawError({
      check: 'same key, same bits',
      expected: `element ${place} must be ${expected[place]}.`,
      received: `${data[place]}, ${name}`,
    })
  }
}

/** Numbers drawn uniformly from [0, 1): every part of it as often. */
export const isUniform = (draw: Draw, seed: number, cells = 64): void => {
  const { data } = draw(key(seed))
  const counts = new Array<number>(cells).fill(0)
  for (const x of data) counts[cellOf(x, cells)] = (counts[cellOf(x, cells)] ?? 0) + 1
  checkCounts('uniform', 'each part of [0, 1) must be hit as often.', counts, data.length)
}

/** Draws from the two halves of a split key have nothing to do with each other: every pair of parts as often. */
export const splitKeysAreIndependent = (draw: Draw, seed: number, cells = 16): void => {
  const [first, second] = split(key(seed)).map((half) => draw(half).data)
  if (first === undefined || second === undefined) return
  const counts = new Array<number>(cells * cells).fill(0)
  for (const [i, x] of first.entries()) {
    const cell = cellOf(x, cells) * cells + cellOf(second[i] ?? 0, cells)
    counts[cell] = (counts[cell] ?? 0) + 1
  }
  checkCounts('independent keys', 'each pair of parts must be hit as often.', counts, first.length)
}

/** Dropout on an input of ones: the mean stays, within five standard errors. */
export const keepsMean = (dropout: (x: Tensor, key: Tensor) => Tensor, x: Tensor, seed: number, rate: number): void => {
  const { data } = dropout(x, key(seed))
  let total = 0
  for (const value of data) total += value
  const [mean, error] = [total / data.length, Math.sqrt(rate / (1 - rate) / data.length)]
  if (Math.abs(mean - 1) <= 5 * error) return
  throw new LawError({
    check: 'mean',
    expected: `the mean must be 1 ± ${(5 * error).toFixed(4)}.`,
    received: String(mean),
  })
}

/** What is dropped forwards gets no gradient, and what is kept does: one mask for both passes. */
export const maskIsShared = (dropout: (x: Tensor, key: Tensor) => Tensor, x: Tensor, seed: number): void => {
  const forward = dropout(x, key(seed)).data
  const backward = grad((y: Tensor) => sum(dropout(y, key(seed))))(x).data
  const place = forward.findIndex((value, i) => (value === 0) !== (backward[i] === 0))
  if (place < 0) return
  throw new LawError({
    check: 'one mask',
    expected: 'an element must be dropped in both passes or in none.',
    received: `${forward[place]} forwards, gradient ${backward[place]}, at element ${place}`,
  })
}

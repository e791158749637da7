/** A function and its slope: writes the gradient at `x` into `gradient` and returns the value. */
export type Smooth = (x: Float64Array, gradient: Float64Array) => number

/** When to stop, and how much of the way to remember. */
export interface MinimiseOptions {
  /** Pairs of steps and gradient changes that are kept. */
  readonly memory?: number
  readonly maxIterations?: number
  /** Done when no entry of the gradient is larger in magnitude. */
  readonly tolerance?: number
}

/** Where the way down ended. */
export interface Minimum {
  readonly x: Float64Array
  readonly value: number
  readonly iterations: number
  /** Whether the tolerance was reached; else the iterations ran out or rounding left no way down. */
  readonly converged: boolean
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** target += factor · source */
const addScaled = (target: Float64Array, factor: number, source: Float64Array): void => {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + factor * (source[i] ?? 0)
}

interface Pair {
  /** x_new - x */
  readonly s: Float64Array
  /** gradient_new - gradient */
  readonly y: Float64Array
  readonly sy: number
}

/** The two-loop recursion: -H g, with H the inverse Hessian that the pairs imply. */
const direction = (gradient: Float64Array, pairs: readonly Pair[]): Float64Array => {
  const q = gradient.map((g) => -g)
  const alphas = pairs.map(() => 0)
  for (let i = pairs.length - 1; i >= 0; i--) {
    const pair = pairs[i]
    if (!pair) continue
    const alpha = dot(pair.s, q) / pair.sy
    alphas[i] = alpha
    addScaled(q, -alpha, pair.y)
  }
  const last = pairs.at(-1)
  if (last) {
    const scale = last.sy / dot(last.y, last.y)
    for (let i = 0; i < q.length; i++) q[i] = (q[i] ?? 0) * scale
  }
  pairs.forEach((pair, i) => {
    addScaled(q, (alphas[i] ?? 0) - dot(pair.y, q) / pair.sy, pair.s)
  })
  return q
}

/**
 * Minimises a smooth convex function by limited-memory BFGS with backtracking; deterministic, in f64.
 *
 * @param f value and gradient @param start [n]; left as it is
 * @see Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 3.1
 * @example minimise((x, g) => { g[0] = 2 * (x[0] ?? 0); return (x[0] ?? 0) ** 2 }, Float64Array.of(3)).x // => [0]
 */
export const minimise = (f: Smooth, start: Float64Array, options: MinimiseOptions = {}): Minimum => {
  const { memory = 10, maxIterations = 500, tolerance = 1e-6 } = options
  let x = start.slice()
  let gradient = new Float64Array(x.length)
  let value = f(x, gradient)
  let pairs: readonly Pair[] = []
  const flat = () => gradient.every((g) => Math.abs(g) <= tolerance)
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (flat()) return { x, value, iterations: iteration, converged: true }
    const step = direction(gradient, pairs)
    const slope = dot(step, gradient)
    // the first step has no scale yet: no longer than 1
    let t = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(step, step))) : 1
    let next = x
    let nextGradient = gradient
    let nextValue = Number.POSITIVE_INFINITY
    // Armijo's condition; 2^-40 of a step is below rounding
    for (let halving = 0; halving < 40 && !(nextValue <= value + 1e-4 * t * slope); halving++) {
      if (halving > 0) t /= 2
      next = x.slice()
      addScaled(next, t, step)
      nextGradient = new Float64Array(x.length)
      nextValue = f(next, nextGradient)
    }
    if (!(nextValue < value)) return { x, value, iterations: iteration, converged: false }
    const s = next.map((v, i) => v - (x[i] ?? 0))
    const y = nextGradient.map((g, i) => g - (gradient[i] ?? 0))
    const sy = dot(s, y)
    if (sy > 1e-12 * dot(y, y)) pairs = [...pairs, { s, y, sy }].slice(-memory)
    x = next
    gradient = nextGradient
    value = nextValue
  }
  return { x, value, iterations: maxIterations, converged: flat() }
}

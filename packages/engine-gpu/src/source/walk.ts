/*
 * Index arithmetic as text. An axis of a walk has a length and, for each operand, the step that one place along it
 * makes in the operand's flat array: its stride, or 0 where the operand is repeated.
 *
 * Division is by a constant; the quotient of whole numbers below 2^24 is exact after floor, in f32 too.
 */
export interface Axis {
  readonly length: number
  readonly steps: readonly number[]
}

/** Leaves out axes of length 1 and joins neighbours that are one longer axis in every operand. */
export const joinAxes = (axes: readonly Axis[]): readonly Axis[] => {
  const joined: Axis[] = []
  for (const axis of axes) {
    if (axis.length === 1) continue
    const outer = joined.at(-1)
    if (outer?.steps.every((step, k) => step === (axis.steps[k] ?? 0) * axis.length)) {
      joined[joined.length - 1] = { length: outer.length * axis.length, steps: axis.steps }
    } else {
      joined.push(axis)
    }
  }
  return joined
}

/** `c`, `c * 4`; nothing for step 0. */
export const term = (coordinate: string, step: number): readonly string[] =>
  step === 0 ? [] : [step === 1 ? coordinate : `${coordinate} * ${step}`]

/** `c0 * 12 + c1 + 3`; `0` for the sum of nothing. */
export const sumText = (terms: readonly string[], base = 0): string => {
  const all = base === 0 ? terms : [...terms, String(base)]
  return all.length === 0 ? '0' : all.join(' + ')
}

export interface Coordinates {
  readonly lines: readonly string[]
  /** One per axis. */
  readonly names: readonly string[]
}

/**
 * The running number `i` of a walk in row-major order, taken apart: `c0`, `c1`, ... Lines for axes that are not
 * `needed` are left out.
 */
export const coordinates = (
  lengths: readonly number[],
  needed: readonly boolean[] = lengths.map(() => true),
): Coordinates => {
  const names = lengths.map((_, k) => `c${k}`)
  const lines: string[] = []
  let rest = 'i'
  for (let k = lengths.length - 1; k > 0; k--) {
    if (!needed.slice(0, k + 1).includes(true)) break
    lines.push(`const q${k} = Math.floor(${rest} / ${lengths[k]});`)
    if (needed[k] === true) lines.push(`const c${k} = ${rest} - q${k} * ${lengths[k]};`)
    rest = `q${k}`
  }
  if (names.length > 0) names[0] = needed[0] === true ? rest : 'i'
  return { lines, names }
}

/** The lines and, for each operand, the terms of its flat place as the walk arrives at element `i`. */
export const places = (
  axes: readonly Axis[],
  operands: number,
): { readonly lines: readonly string[]; readonly terms: readonly (readonly string[])[] } => {
  const joined = joinAxes(axes)
  const { lines, names } = coordinates(
    joined.map(({ length }) => length),
    joined.map(({ steps }) => steps.some((step) => step !== 0)),
  )
  const terms = Array.from({ length: operands }, (_, k) =>
    joined.flatMap(({ steps }, axis) => term(names[axis] ?? 'i', steps[k] ?? 0)),
  )
  return { lines, terms }
}

/** Nested loops `r0`, `r1`, ... over axes; the terms they add to each operand's place. */
export const loops = (
  axes: readonly Axis[],
  operands: number,
): {
  readonly terms: readonly (readonly string[])[]
  /** Puts lines into the loops. */
  readonly around: (body: readonly string[]) => readonly string[]
} => {
  const joined = joinAxes(axes)
  const around = (body: readonly string[]): readonly string[] =>
    joined.reduceRight<readonly string[]>(
      (inner, { length }, k) => [
        `for (let r${k} = 0; r${k} < ${length}; r${k}++) {`,
        ...inner.map((line) => `  ${line}`),
        '}',
      ],
      body,
    )
  const terms = Array.from({ length: operands }, (_, k) =>
    joined.flatMap(({ steps }, axis) => term(`r${axis}`, steps[k] ?? 0)),
  )
  return { terms, around }
}

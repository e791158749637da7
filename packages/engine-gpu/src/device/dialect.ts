/*
 * What the text of a kernel becomes on a graphics card. Lowerings write JavaScript; a dialect says which of its functions
 * the card does not compute as JavaScript does, and what to call instead.
 */
import { commonFunctions } from './commonFunctions.js'
import type { KernelFunction } from './kernelFunction.js'
import { type SafeFunctionName, safeFunctions } from './safeMath.js'

/** How kernels are written for a mode. */
export interface Dialect {
  /** Whether numbers are wider than f32, so that `f32(x)` has to round. */
  readonly wide: boolean
  /** Instead of `Math.name(...)`. */
  readonly math: Readonly<Record<string, SafeFunctionName>>
  /** Whether `quotient(place, 12)`, the whole part of index arithmetic, is a function of its own; else floor is exact. */
  readonly quotient: boolean
}

/** Arithmetic of JavaScript, in mode `cpu`: as it is written, in f64, each operation rounded. */
export const javaScript: Dialect = { wide: true, math: {}, quotient: false }

/** Arithmetic of WebAssembly in f32. */
export const webAssembly: Dialect = { wide: false, math: {}, quotient: false }

/** Arithmetic of graphics cards, through WGSL or GLSL. */
export const graphicsCard: Dialect = {
  wide: false,
  math: {
    exp: 'safeExp',
    log: 'safeLog',
    expm1: 'safeExpm1',
    log1p: 'safeLog1p',
    tanh: 'safeTanh',
    sin: 'safeSin',
    cos: 'safeCos',
    atan: 'safeAtan',
    pow: 'safePow',
    max: 'safeMax',
    min: 'safeMin',
    sign: 'safeSign',
    sqrt: 'safeSqrt',
  },
  quotient: true,
}

/** A kernel as gpu.js gets it: its text, and the functions that it calls. */
export interface TranslatedKernel {
  readonly source: string
  readonly functions: readonly (KernelFunction & { readonly name: string })[]
}

type Functions = Readonly<Record<string, KernelFunction>>

const exchanged = (source: string, { wide, math, quotient }: Dialect): string => {
  // users write index arithmetic with floor, which is the same number where division is exact
  const divided = quotient
    ? source.replace(/Math\.floor\((\w+) \/ (\d+)\)/g, 'quotient($1, $2)')
    : source.replace(/\bquotient\((\w+), (\d+)\)/g, 'Math.floor($1 / $2)')
  const rounded = divided.replace(/\bf32\(/g, wide ? 'Math.fround(' : '(')
  return rounded.replace(/\bMath\.(\w+)\(/g, (whole, name: string) =>
    Object.hasOwn(math, name) ? `${math[name]}(` : whole,
  )
}

/** Names of the functions that a text calls and does not define. */
const callsIn = (text: string): readonly string[] => {
  const namesBy = (pattern: RegExp): readonly string[] => Array.from(text.matchAll(pattern), ([, name = '']) => name)
  const own = namesBy(/\bfunction (\w+)\(/g)
  return namesBy(/(?<![.\w])(\w+)\(/g).filter((name) => !own.includes(name))
}

/**
 * A kernel's text in a dialect.
 *
 * @example translate('function (a0) { return Math.tanh(a0[0]); }', graphicsCard).source // => 'function (a0) { return safeTanh(a0[0]); }'
 */
export const translate = (source: string, dialect: Dialect): TranslatedKernel => {
  // those for graphics cards stay as they are written
  const common: Functions = Object.fromEntries(
    Object.entries(commonFunctions).map(([name, f]) => [name, { ...f, source: exchanged(f.source, dialect) }]),
  )
  const all: Functions = { ...safeFunctions, ...common }
  const text = exchanged(source, dialect)
  const used = new Set<string>()
  const use = (names: readonly string[]): void => {
    for (const name of names) {
      const f = Object.hasOwn(all, name) ? all[name] : undefined
      if (f === undefined || used.has(name)) continue
      used.add(name)
      use(callsIn(f.source.slice(f.source.indexOf('{'))))
    }
  }
  use(callsIn(text))
  return {
    source: text,
    functions: Object.entries(all).flatMap(([name, f]) => (used.has(name) ? [{ name, ...f }] : [])),
  }
}

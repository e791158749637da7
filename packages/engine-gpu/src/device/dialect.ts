/*
 * What the text of a kernel becomes on a graphics card. Lowerings write JavaScript; a dialect says which of its functions
 * the card does not compute as JavaScript does, and what to call instead.
 */
import { type KernelFunction, type KernelFunctionName, kernelFunctions } from './safeMath.js'

/** How kernels are written for a mode. */
export interface Dialect {
  /** Instead of `Math.name(...)`. */
  readonly math: Readonly<Record<string, KernelFunctionName>>
  /** Instead of `Math.floor(place / 12)`, in index arithmetic. */
  readonly quotient: KernelFunctionName | null
}

/** Arithmetic of JavaScript, in the modes `cpu` and `webasm`: as it is written. */
export const javaScript: Dialect = { math: {}, quotient: null }

/** Arithmetic of graphics cards, through WGSL or GLSL. */
export const graphicsCard: Dialect = {
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
  quotient: 'quotient',
}

/** A kernel as gpu.js gets it: its text, and the functions that it calls. */
export interface TranslatedKernel {
  readonly source: string
  readonly functions: readonly (KernelFunction & { readonly name: string })[]
}

const withCallees = (names: ReadonlySet<string>): TranslatedKernel['functions'] => {
  const all = new Set(names)
  const table: Readonly<Record<string, KernelFunction>> = kernelFunctions
  for (const name of all) for (const callee of table[name]?.calls ?? []) all.add(callee)
  return Object.entries(table)
    .filter(([name]) => all.has(name))
    .map(([name, f]) => ({ name, ...f }))
}

/**
 * A kernel's text in a dialect.
 *
 * @example translate('function (a0) { return Math.tanh(a0[0]); }', graphicsCard).source // => 'function (a0) { return safeTanh(a0[0]); }'
 */
export const translate = (source: string, { math, quotient }: Dialect): TranslatedKernel => {
  const used = new Set<string>()
  const call = (name: string): string => {
    used.add(name)
    return name
  }
  const divided =
    quotient === null
      ? source
      : source.replace(/Math\.floor\((\w+) \/ (\d+)\)/g, (_, place, n) => `${call(quotient)}(${place}, ${n})`)
  const text = divided.replace(/\bMath\.(\w+)\(/g, (whole, name: string) => {
    const instead = Object.hasOwn(math, name) ? math[name] : undefined
    return instead === undefined ? whole : `${call(instead)}(`
  })
  return { source: text, functions: withCallees(used) }
}

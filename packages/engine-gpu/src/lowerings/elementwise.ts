/*
 * Elementwise primitives: one formula each, one kernel generator for all. x, y, z are the texts of the operands'
 * elements; bool is 0 or 1.
 */
import { type NoAttrs, sizeOf } from '@cotangent/core'
import { kernelValue, type Value } from '../program/value.js'
import { erfSource, geluSource, remSource, sigmoidSource } from './functions.js'
import type { Lowering } from './lowering.js'

interface Formula {
  readonly text: (x: string, y: string, z: string) => string
  /** Functions the text calls, in the order of their definition. */
  readonly calls?: readonly string[]
}

const truth = (condition: string): string => `${condition} ? 1 : 0`

const formula = (text: Formula['text'], ...calls: readonly string[]): Formula => ({ text, calls })

export const formulas = {
  neg: formula((x) => `-${x}`),
  add: formula((x, y) => `${x} + ${y}`),
  sub: formula((x, y) => `${x} - ${y}`),
  mul: formula((x, y) => `${x} * ${y}`),
  div: formula((x, y) => `${x} / ${y}`),
  sqrt: formula((x) => `Math.sqrt(${x})`),
  rsqrt: formula((x) => `1 / Math.sqrt(${x})`),
  pow: formula((x, y) => `Math.pow(${x}, ${y})`),
  log: formula((x) => `Math.log(${x})`),
  log1p: formula((x) => `Math.log1p(${x})`),
  exp: formula((x) => `Math.exp(${x})`),
  expm1: formula((x) => `Math.expm1(${x})`),
  sign: formula((x) => `Math.sign(${x})`),
  abs: formula((x) => `Math.abs(${x})`),
  floor: formula((x) => `Math.floor(${x})`),
  maximum: formula((x, y) => `Math.max(${x}, ${y})`),
  minimum: formula((x, y) => `Math.min(${x}, ${y})`),
  sin: formula((x) => `Math.sin(${x})`),
  cos: formula((x) => `Math.cos(${x})`),
  tanh: formula((x) => `Math.tanh(${x})`),
  sigmoid: formula((x) => `sigmoid(${x})`, sigmoidSource),
  softplus: formula((x) => `Math.max(${x}, 0) + Math.log1p(Math.exp(-Math.abs(${x})))`),
  erf: formula((x) => `erf(${x})`, erfSource),
  atan: formula((x) => `Math.atan(${x})`),
  rem: formula((x, y) => `rem(${x}, ${y})`, remSource),
  gelu: formula((x) => `gelu(${x})`, erfSource, geluSource),
  equal: formula((x, y) => truth(`${x} == ${y}`)),
  less: formula((x, y) => truth(`${x} < ${y}`)),
  lessEqual: formula((x, y) => truth(`${x} <= ${y}`)),
  logicalAnd: formula((x, y) => truth(`${x} != 0 && ${y} != 0`)),
  logicalOr: formula((x, y) => truth(`${x} != 0 || ${y} != 0`)),
  logicalNot: formula((x) => truth(`${x} == 0`)),
  where: formula((x, y, z) => `${x} != 0 ? ${y} : ${z}`),
} satisfies Readonly<Record<string, Formula>>

/** Operands of one length, element by element. */
export const applyFormula = (length: number, operands: readonly Value[], { text, calls = [] }: Formula): Value =>
  kernelValue(length, operands, (reads) => {
    const [x = '', y = '', z = ''] = reads.map((read) => read('i'))
    return [...calls.flatMap((source) => source.split('\n')), `return ${text(x, y, z)};`]
  })

const elementwise =
  (f: Formula): Lowering<NoAttrs> =>
  (operands, _, result) =>
    applyFormula(
      sizeOf(result.shape),
      operands.map(({ value }) => value),
      f,
    )

export const elementwiseLowerings = {
  neg: elementwise(formulas.neg),
  add: elementwise(formulas.add),
  sub: elementwise(formulas.sub),
  mul: elementwise(formulas.mul),
  div: elementwise(formulas.div),
  sqrt: elementwise(formulas.sqrt),
  rsqrt: elementwise(formulas.rsqrt),
  pow: elementwise(formulas.pow),
  log: elementwise(formulas.log),
  log1p: elementwise(formulas.log1p),
  exp: elementwise(formulas.exp),
  expm1: elementwise(formulas.expm1),
  sign: elementwise(formulas.sign),
  abs: elementwise(formulas.abs),
  floor: elementwise(formulas.floor),
  maximum: elementwise(formulas.maximum),
  minimum: elementwise(formulas.minimum),
  sin: elementwise(formulas.sin),
  cos: elementwise(formulas.cos),
  tanh: elementwise(formulas.tanh),
  sigmoid: elementwise(formulas.sigmoid),
  softplus: elementwise(formulas.softplus),
  erf: elementwise(formulas.erf),
  atan: elementwise(formulas.atan),
  rem: elementwise(formulas.rem),
  gelu: elementwise(formulas.gelu),
  equal: elementwise(formulas.equal),
  less: elementwise(formulas.less),
  lessEqual: elementwise(formulas.lessEqual),
  logicalAnd: elementwise(formulas.logicalAnd),
  logicalOr: elementwise(formulas.logicalOr),
  logicalNot: elementwise(formulas.logicalNot),
  where: elementwise(formulas.where),
}

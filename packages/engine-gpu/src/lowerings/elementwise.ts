/*
 * Elementwise primitives: one formula each, one kernel generator for all. x, y, z are the texts of the operands'
 * elements; bool is 0 or 1.
 */
import { type NoAttrs, sizeOf } from '@cotangent/core'
import { computedValue, type Value } from '../program/value.js'
import type { Lowering } from './lowering.js'

interface Formula {
  readonly text: (x: string, y: string, z: string) => string
  /** What it costs; a number read from memory costs 1. */
  readonly cost: number
}

const truth = (condition: string): string => `${condition} ? 1 : 0`

/** An addition, a comparison and the like; a function such as exp. */
const [simple, costly] = [0.1, 0.5]

/** A formula of its text: one that calls a function is costly. */
export const formula = (text: Formula['text']): Formula => ({
  text,
  cost: text('x', 'y', 'z').includes('(') ? costly : simple,
})

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
  sigmoid: formula((x) => `sigmoid(${x})`),
  softplus: formula((x) => `Math.max(${x}, 0) + Math.log1p(Math.exp(-Math.abs(${x})))`),
  erf: formula((x) => `erf(${x})`),
  atan: formula((x) => `Math.atan(${x})`),
  rem: formula((x, y) => `rem(${x}, ${y})`),
  gelu: formula((x) => `gelu(${x})`),
  equal: formula((x, y) => truth(`${x} == ${y}`)),
  less: formula((x, y) => truth(`${x} < ${y}`)),
  lessEqual: formula((x, y) => truth(`${x} <= ${y}`)),
  logicalAnd: formula((x, y) => truth(`${x} != 0 && ${y} != 0`)),
  logicalOr: formula((x, y) => truth(`${x} != 0 || ${y} != 0`)),
  logicalNot: formula((x) => truth(`${x} == 0`)),
  where: formula((x, y, z) => `${x} != 0 ? ${y} : ${z}`),
} satisfies Readonly<Record<string, Formula>>

/** Operands of one length, element by element. */
export const applyFormula = (
  name: string,
  length: number,
  operands: readonly Value[],
  { text, cost }: Formula,
): Value =>
  computedValue(length, operands, {
    name,
    rounds: 1,
    arithmetic: cost,
    reads: operands.map(() => 1),
    elementwise: true,
    element: (_, at, reads) => {
      const [x = '', y = '', z = ''] = reads.map((read) => read(at))
      return text(x, y, z)
    },
  })

type FormulaName = keyof typeof formulas

const elementwise =
  (name: FormulaName): Lowering<NoAttrs> =>
  (operands, _, result) =>
    applyFormula(
      name,
      sizeOf(result.shape),
      operands.map(({ value }) => value),
      formulas[name],
    )

export const elementwiseLowerings = {
  neg: elementwise('neg'),
  add: elementwise('add'),
  sub: elementwise('sub'),
  mul: elementwise('mul'),
  div: elementwise('div'),
  sqrt: elementwise('sqrt'),
  rsqrt: elementwise('rsqrt'),
  pow: elementwise('pow'),
  log: elementwise('log'),
  log1p: elementwise('log1p'),
  exp: elementwise('exp'),
  expm1: elementwise('expm1'),
  sign: elementwise('sign'),
  abs: elementwise('abs'),
  floor: elementwise('floor'),
  maximum: elementwise('maximum'),
  minimum: elementwise('minimum'),
  sin: elementwise('sin'),
  cos: elementwise('cos'),
  tanh: elementwise('tanh'),
  sigmoid: elementwise('sigmoid'),
  softplus: elementwise('softplus'),
  erf: elementwise('erf'),
  atan: elementwise('atan'),
  rem: elementwise('rem'),
  gelu: elementwise('gelu'),
  equal: elementwise('equal'),
  less: elementwise('less'),
  lessEqual: elementwise('lessEqual'),
  logicalAnd: elementwise('logicalAnd'),
  logicalOr: elementwise('logicalOr'),
  logicalNot: elementwise('logicalNot'),
  where: elementwise('where'),
}
